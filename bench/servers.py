"""Throughput of servers: redis under redis-benchmark, nginx under wrk, with one worker and with two."""
import contextlib
import re
import shutil
import signal
import socket
import subprocess
import time

import measure
import report

PORT = 7911
NGINX = """worker_processes {workers}; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


class Redis:
    """A figure for each of redis-benchmark's commands."""

    needs = ("redis-server", "redis-benchmark")

    def __init__(self, session, workers):
        self.name = f"redis, {workers} thread{'s' if workers > 1 else ''}"
        self.requests = "2000" if session.options.quick else "5000"
        self.argv = ("redis-server", "--port", str(PORT), "--save", "", "--appendonly", "no", "--io-threads", str(workers),
                     "--io-threads-do-reads", "yes")

    def load(self):
        done = subprocess.run(["redis-benchmark", "-p", str(PORT), "-n", self.requests, "--csv"], capture_output=True,
                              text=True, check=True, timeout=120)
        return {name: float(rate) for name, rate in re.findall(r'^"([^"]+)","([0-9.]+)"', done.stdout, re.M)}


class Nginx:
    """Requests a second for a small file."""

    needs = ("nginx", "wrk")

    def __init__(self, session, workers):
        self.name = f"nginx, {workers} worker{'s' if workers > 1 else ''}"
        self.seconds = "1" if session.options.quick else "3"
        folder = session.options.data.resolve() / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        (folder / "index.html").write_text("a small file\n" * 20)
        (folder / "nginx.conf").write_text(NGINX.format(workers=workers, folder=folder, port=PORT))
        self.argv = ("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))

    def load(self):
        done = subprocess.run(["wrk", "-t1", "-c16", f"-d{self.seconds}", f"http://127.0.0.1:{PORT}/index.html"],
                              capture_output=True, text=True, check=True, timeout=60)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise measure.Failed(done.stdout)
        return {"requests": float(re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout)[1])}


@contextlib.contextmanager
def serving(engine, server, session):
    process = subprocess.Popen([*engine.prefix, *server.argv], cwd=session.launcher.folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
                break
            time.sleep(0.05)
        else:
            raise measure.Failed(f"{server.name}: does not answer under {engine.name}")
        yield
        process.send_signal(signal.SIGTERM)
        if process.wait(20) != 0:
            raise measure.Failed(f"{server.name}: ended with {process.returncode} under {engine.name}")
    finally:
        process.kill()
        process.wait()


def ratios_of(session, server):
    """One ratio of throughput a round: the mean over the server's figures."""
    engines = [measure.Engine("native"), session.weft()]
    ratios, rates = [], []
    for _ in range(session.options.rounds or 3):
        found = []
        for engine in engines:
            with serving(engine, server, session):
                server.load()  # what runs for the first time is not what a server does all day
                found.append(server.load())
        ratios.append(measure.geometric_mean([found[1][name] / found[0][name] for name in found[0]]))
        rates.append(found)
    return ratios, rates


def run(session):
    rows, document = [], {}
    for kind in (Redis, Nginx):
        missing = [name for name in kind.needs if not shutil.which(name)]
        for workers in () if missing else (1, 2):
            server = kind(session, workers)
            ratios, rates = ratios_of(session, server)
            rows.append([server.name, f"{measure.geometric_mean(list(rates[0][0].values())):.0f}",
                         f"{measure.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"])
            document[server.name] = {"ratios": ratios, "rates": rates}
        if missing:
            rows.append([kind.__name__, "not installed: " + ", ".join(missing), ""])
    markdown = ("# Servers\n\nThroughput under weft as a ratio to native, at equal load (least-greatest); the second run of "
                "the load is measured.\n\n" + report.table(["server", "native, a second", "weft"], rows))
    session.finish("servers", document, markdown)
    return True
