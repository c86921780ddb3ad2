"""many.py COUNT: registrations and assignments in a row over a real core, each with a restart of the gateway, so that
none rides on what the one before left. Prints what was lost; status 1 where anything was.

  tests/ims/core run --for 3000 -- python3 -B tests/ims/many.py 1000"""

import sys
import tempfile
import time
from pathlib import Path

from programs import World


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    begin, lost = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="cpns-ims-") as folder:
        world = World(Path(folder), f"devices_per_gateway = {count + 1}\nconnections_burst = 10000000")
        try:
            world.start_server()
            gateway = world.gateway("gw1", "127.0.20.1")
            for number in range(1, count + 1):
                gateway.start()
                try:
                    gateway.wait_for("E472", 30)
                    gateway.wait_for("E630", 30)
                    paired = world.pair(gateway, f"device-{number}", good=False)
                    if paired.returncode:
                        lost.append(f"assignment {number}: {paired.stderr.strip()}")
                except AssertionError as error:
                    lost.append(f"registration {number}: {error}")
                gateway.end()
                if number % max(1, count // 20) == 0:
                    print(f"{number} of {count}, {len(lost)} lost, {time.monotonic() - begin:.0f} s", flush=True)
            active = 0
            after = ""
            while True:
                page = world.admin("devices?limit=1000" + after)
                active += sum(one["state"] == "active" for one in page["devices"])
                if not page["next"]:
                    break
                after = "&after=" + page["next"]
            for line in lost[:10]:
                print(line)
            registrations = len(world.server.lines("E773"))
            print(f"{registrations} registrations, {active} of {count} devices active at the server, {len(lost)} lost")
            return 0 if not lost and active == count and registrations == count else 1
        finally:
            world.close()


if __name__ == "__main__":
    sys.exit(main())
