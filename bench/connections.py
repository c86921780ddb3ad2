"""What a connection costs a server over loopback: accept, TLS 1.3, one request, its answer, close.

    connections.py BIN WORK ROUNDS COUNT DEVICES...

BIN has the programs, WORK is a folder that may stay: a store of each number of DEVICES is filled once, where they are
more than a thousand. One JSON object a line:
cpns-server with either engine and a thousand devices, with DEVICES devices, mosquitto with a thousand PSKs, nginx with
ECDSA client certificates. Servers on the first core, the client on the second; all in turn in each round."""

import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys

from servers import Server, cpns, free_port, load, on_core

KNOWN = 1000  # identities that call, of each server that has PSKs
AT_ONCE = 16
DEBIAN = {"mosquitto": "mosquitto", "nginx": "nginx-light"}


def mosquitto(work):
    port, callers, psks = free_port(), work / "mosquitto.callers", work / "mosquitto.psk"
    pairs = [(f"device-{n}", secrets.token_hex(32)) for n in range(KNOWN)]
    callers.write_text("".join(f"{name} {key}\n" for name, key in pairs))
    psks.write_text("".join(f"{name}:{key}\n" for name, key in pairs))
    config = work / "mosquitto.conf"
    config.write_text(f"user root\npersistence false\nlistener {port} 127.0.0.1\ntls_version tlsv1.3\n"
                      f"psk_hint bench\npsk_file {psks}\nuse_identity_as_username true\n")
    return Server("mosquitto, 1,000 PSKs", "mqtt", callers, ["mosquitto", "-c", config], port, work / "mosquitto.out")


def openssl(work, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=work, check=True, capture_output=True)


def nginx(work):
    port = free_port()
    for name in ("ca", "server", "client"):
        openssl(work, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    openssl(work, "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=bench CA", "-days", 30, "-out", "ca.pem")
    for name in ("server", "client"):
        openssl(work, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        openssl(work, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", 30, "-out", f"{name}.pem")
    callers = work / "client.all"
    callers.write_text("".join((work / part).read_text() for part in ("client.pem", "ca.pem", "client.key")))
    config = work / "nginx.conf"
    config.write_text(f"""daemon off; user root; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log {work}/nginx-access.log;
server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3;
ssl_certificate {work}/server.pem; ssl_certificate_key {work}/server.key;
ssl_client_certificate {work}/ca.pem; ssl_verify_client on; ssl_session_cache off; ssl_session_tickets off;
location / {{ return 200 "hello\\n"; }} }} }}
""")
    return Server("nginx, ECDSA client certificates", "http", callers, ["nginx", "-p", work, "-c", config], port,
                  work / "nginx.out")


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, count, *stores = map(int, sys.argv[3:])
    work.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] += ":/usr/sbin"
    servers = []
    try:
        servers += [cpns(programs, work, "psk13", 1000, KNOWN), cpns(programs, work, "openssl", 1000, KNOWN)]
        servers += [cpns(programs, work, "psk13", devices, KNOWN) for devices in stores if devices > 1000]
        for name, start in (("mosquitto", mosquitto), ("nginx", nginx)):
            if shutil.which(name):
                servers.append(start(work))
            else:
                print(f"connections: without {name}: apt-get install {DEBIAN[name]}", file=sys.stderr)
        for server in servers:
            load("connections", programs, server, KNOWN, AT_ONCE, preexec_fn=on_core(1))
        for number in range(rounds):
            for server in servers:
                line = load("connections", programs, server, count, AT_ONCE, preexec_fn=on_core(1))
                print(json.dumps({"part": "connections", "round": number, "what": server.what, **line}), flush=True)
    finally:
        for server in servers:
            server.stop()


main()
