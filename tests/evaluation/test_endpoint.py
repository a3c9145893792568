"""An endpoint that answers, is busy, refuses, hangs, or talks nonsense: a server of the test's own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codemix_lab.errors import Cancelled, DownloadError, SpecError
from codemix_lab.evaluation import endpoint as endpoint_module
from codemix_lab.evaluation.endpoint import KEY, Endpoint, ask_labels
from codemix_lab.evaluation.prompting import Prompt

PROMPT = Prompt("Sentence: {text}\nLabel: {label}", (("mast", "positive"),), ("negative", "positive"))
Answer = tuple[int, dict[str, str], str]


def chat(text: str) -> Answer:
    return 200, {}, json.dumps({"choices": [{"message": {"content": text}}]})


class Server(ThreadingHTTPServer):
    """Answers one request after the other from `answers`, and keeps what was asked."""

    answers: list[Answer | float]
    asked: list[tuple[str, dict[str, Any], dict[str, str]]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, dict(self.headers)))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if isinstance(answer, float):
            time.sleep(answer)
            return
        code, headers, text = answer
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Endpoint, Server]]]:
    servers = []

    def start(*answers: Answer | float, **options: float) -> tuple[Endpoint, Server]:
        server = Server(("127.0.0.1", 0), Handler)
        server.answers, server.asked = list(answers), []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        values: dict[str, Any] = {"timeout": 5.0, "pause": 0.01, "retries": 3, **options}
        return Endpoint(f"http://127.0.0.1:{server.server_port}/v1/", "tiny", **values), server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_labels_are_asked_and_read(
    serve: Callable[..., tuple[Endpoint, Server]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "secret")
    endpoint, server = serve(chat("Positive."), chat("I think negative"), chat("¯\\_(ツ)_/¯"))
    told: list[int] = []
    found = ask_labels(endpoint, PROMPT, ["a", "b", "c"], lambda done, *_: told.append(done))
    assert found.tolist() == [[0, 1], [1, 0], [0.5, 0.5]] and told == [0, 1, 2, 3]
    path, body, headers = server.asked[0]
    assert path == "/v1/chat/completions" and body["model"] == "tiny" and body["temperature"] == 0
    assert headers["Authorization"] == "Bearer secret"
    question = body["messages"][0]["content"]
    assert "one of negative, positive" in question and question.endswith("Sentence: a\nLabel:")
    assert "Sentence: mast\nLabel: positive" in question


def test_a_busy_server_is_asked_again(
    serve: Callable[..., tuple[Endpoint, Server]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(endpoint_module.time, "sleep", waits.append)
    endpoint, server = serve((429, {"Retry-After": "7"}, ""), (503, {}, ""), chat("positive"))
    assert endpoint.answer("?") == "positive" and len(server.asked) == 3
    assert waits == [7.0, 0.02]
    endpoint, server = serve((429, {"Retry-After": "soon"}, ""))
    with pytest.raises(DownloadError, match=r"still busy \(429\) after 4 tries"):
        endpoint.answer("?")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {}, "bad key"), r"refused \(401: bad key\)"),
        ((200, {}, "<html>hello</html>"), "no chat completion: “<html>hello"),
        ((200, {}, '{"choices": []}'), "no chat completion"),
        ((200, {}, "[]"), "no chat completion"),
    ],
)
def test_what_the_server_does_wrong_is_said(
    answer: Answer, said: str, serve: Callable[..., tuple[Endpoint, Server]]
) -> None:
    with pytest.raises(DownloadError, match=said):
        serve(answer)[0].answer("?")


def test_a_server_that_hangs_or_is_not_there_is_said(serve: Callable[..., tuple[Endpoint, Server]]) -> None:
    with pytest.raises(DownloadError, match=r"did not answer within 0\.2 seconds"):
        serve(0.6, timeout=0.2)[0].answer("?")
    with pytest.raises(DownloadError, match="cannot be reached"):
        Endpoint("http://127.0.0.1:9", "tiny").answer("?")
    with pytest.raises(SpecError, match="begins with http"):
        Endpoint("file:///etc/passwd", "tiny")


def test_a_model_that_names_no_label_ends_it(serve: Callable[..., tuple[Endpoint, Server]]) -> None:
    with pytest.raises(DownloadError, match="named no label in 11 of 11 answers, such as “hm”"):
        ask_labels(serve(chat("hm"))[0], PROMPT, ["a"] * 20)
    with pytest.raises(Cancelled):
        ask_labels(serve(chat("hm"))[0], PROMPT, ["a"], should_stop=lambda: True)
