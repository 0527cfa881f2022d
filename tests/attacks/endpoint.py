"""A loopback server that speaks the OpenAI chat API from a script: an entry a request; the last repeats."""

import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


def reply(content, finish="stop", refusal=None):
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def rewrites(*snippets):
    return reply(
        json.dumps({"rewrites": [{"prompt": s.prompt, "completion": s.completion} for s in snippets]})
    )


def status(code, **headers):
    return {"status": code, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}


STALL = {"stall": 0.8}


@contextmanager
def served(*script):
    """Yields the base URL and the list of requests received."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            requests.append((self.path, body))
            entry = script[min(len(requests), len(script)) - 1]
            if "stall" in entry:
                time.sleep(entry["stall"])
            code = entry.get("status", 200)
            text = json.dumps({"error": {"message": "no"}} if code != 200 else entry).encode()
            try:
                self.send_response(code)
                for name, value in entry.get("headers", {}).items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                pass

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
