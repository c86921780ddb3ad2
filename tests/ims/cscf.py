"""Starts and stops the three Kamailios of a core. Their files go to the run folder; their ports are fixed, because the
network namespace is theirs alone."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIG = Path(__file__).resolve().parent / "config"
ADDRESSES = {"pcscf": "127.0.10.1", "icscf": "127.0.10.2", "scscf": "127.0.10.3"}


def _fill(template: str, run: Path, name: str) -> str:
    text = (CONFIG / template).read_text()
    words = {"RUN": str(run), "NAME": name, "ADDRESS": ADDRESSES[name],
             "CAPTURE_ID": str(list(ADDRESSES).index(name) + 1)}
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def write_files(run: Path) -> None:
    for name in ADDRESSES:
        (run / f"{name}.common.cfg").write_text(_fill("common.cfg", run, name))
        (run / f"{name}.cfg").write_text(_fill(f"{name}.cfg", run, name))
        (run / f"{name}.cx.xml").write_text(_fill("cx.xml", run, name))
    (run / "tls.cfg").write_text(_fill("tls.cfg", run, "pcscf"))
    database = run / "icscf.db"
    database.mkdir()
    (database / "version").write_text("table_name(string) table_version(int)\nnds_trusted_domains:1\ns_cscf:1\n"
                                      "s_cscf_capabilities:1\n")
    (database / "nds_trusted_domains").write_text("id(int) trusted_domain(string)\n1:ims.cpns.test\n")
    (database / "s_cscf").write_text(f"id(int) name(string) s_cscf_uri(string)\n"
                                     f"1:scscf:sip\\:{ADDRESSES['scscf']}\\:5060\n")
    (database / "s_cscf_capabilities").write_text("id(int) id_s_cscf(int) capability(int)\n1:1:0\n")
    _make_certificates(run / "tls")


def _make_certificates(folder: Path) -> None:
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test operator")
    openssl("req", "-x509", *key, "-keyout", "pcscf.key", "-out", "pcscf.pem", "-subj", "/CN=pcscf.ims.cpns.test",
            "-CA",
            "ca.pem", "-CAkey", "ca.key", "-addext",
            "subjectAltName=DNS:pcscf.ims.cpns.test,URI:sip:pcscf.ims.cpns.test,IP:127.0.10.1", "-addext",
            "basicConstraints=critical,CA:false")


@dataclass
class Cscf:
    name: str
    run: Path
    process: subprocess.Popen | None = None

    def start(self) -> None:
        with (self.run / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["kamailio", "-DD", "-E", "-f", str(self.run / f"{self.name}.cfg"), "-Y", str(self.run), "-m", "256",
                 "-M", "8"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None
