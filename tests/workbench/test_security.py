"""Who may come in, from where, with what: every route, every way to be refused."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from holdfast.workbench import Settings
from holdfast.workbench.guards import CSP
from holdfast.workbench.limits import Limits
from holdfast.workbench.permissions import GRANTS, Permission, Role, permissions_of
from holdfast.workbench.settings import BODY_LIMIT
from holdfast.workbench.visitor import declared

from .conftest import ORIGIN, PASSWORD, ok, problem


def permissions_declared(dependant):
    found = {declared(dependant.call)} if declared(dependant.call) else set()
    for one in dependant.dependencies:
        found |= permissions_declared(one)
    return found


def walk(router):
    """Every route below, through the routers that were included."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walk(inner)
        else:
            yield route


def routes(app):
    return [(m, r) for r in walk(app) for m in sorted(r.methods) if r.path.startswith("/api/")]


def test_every_route_declares_one_permission(bench):
    found = list(walk(bench.app))
    assert len(found) > 70 and {"/", "/api/auth/me", "/{name:path}"} <= {route.path for route in found}
    for route in found:
        assert isinstance(route, APIRoute), f"{route.path} is no API route"
        assert len(permissions_declared(route.dependant)) == 1, f"{route.path} declares no permission"


def test_the_walk_finds_a_route_that_declares_none():
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/open")
    def everybody():
        return {}

    assert permissions_declared(router.routes[0].dependant) == set()


ROLES = [None, *Role]


@pytest.mark.parametrize("role", ROLES, ids=str)
def test_each_role_gets_what_its_permissions_say_and_no_more(bench, role):
    if role is None:
        client = bench.browser()
    elif role is Role.BOT:
        client = bench.browser()
        _, token, _ = bench.site.accounts.add_bot("bot@1", 1)
        client.headers["Authorization"] = f"Bearer {token}"
    else:
        client = bench.person(role)
    held = permissions_of([role] if role else [])
    for method, route in routes(bench.app):
        if "stream" in route.path or "sign-out" in route.path:
            continue
        (needed,) = permissions_declared(route.dependant)
        path = route.path.replace("{id}", "1").replace("{version}", "x").replace("{name}", "labels")
        path = path.replace("{format}", "jsonl")
        answer = client.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
        if needed in held:
            assert answer.status_code not in (401, 403) or "auth" in path, (method, path, answer.text)
        else:
            expected = 401 if role is None else 403
            assert answer.status_code == expected, (method, path, answer.status_code)


def test_roles_are_what_the_table_says():
    assert Permission.LABEL not in GRANTS[Role.ADMIN] and Permission.RATE not in GRANTS[Role.LEAD]
    assert Permission.PEOPLE not in GRANTS[Role.LEAD]
    for role in (Role.ATTACKER, Role.LABELLER, Role.RATER, Role.BOT):
        assert not GRANTS[role] & {
            Permission.PEOPLE,
            Permission.ADJUDICATE,
            Permission.WORK,
            Permission.DASHBOARD,
        }
    assert not GRANTS[Role.BOT] & {Permission.LABEL, Permission.RATE}


SITES = [None, "same-origin", "none", "same-site", "cross-site"]
ORIGINS = [None, ORIGIN, "https://evil.example", "null"]
MARKS = [None, "1", "0"]


def test_forged_requests_are_refused(bench):
    client = bench.person("attacker")
    for name in ("Sec-Fetch-Site", "X-Holdfast"):
        del client.headers[name]
    done = 0
    for site, origin, mark in itertools.product(SITES, ORIGINS, MARKS):
        named = {"Sec-Fetch-Site": site, "Origin": origin, "X-Holdfast": mark}
        headers = {name: value for name, value in named.items() if value is not None}
        answer = client.post("/api/auth/break", json={}, headers=headers)
        ours = site in ("same-origin", "none") if site is not None else origin == ORIGIN
        if ours and mark == "1":
            ok(answer)
            done += 1
        else:
            problem(answer, 403, "forged")
        assert client.get("/api/auth/me", headers=headers).status_code == 200
    assert done == 9


def test_a_body_that_is_not_json_is_refused(bench):
    client = bench.person("attacker")
    headers = {"Content-Type": "text/plain"}
    problem(client.post("/api/auth/break", content=b"{}", headers=headers), 403, "forged")


def test_a_body_that_is_too_large_is_refused(bench):
    client = bench.person("attacker")
    big = b'{"note": "' + b"x" * BODY_LIMIT + b'"}'
    json = {"Content-Type": "application/json"}
    problem(client.post("/api/auth/break", content=big, headers=json), 413, "too_large")

    def pieces():
        for _ in range(80):
            yield b"x" * 1024

    problem(client.post("/api/auth/break", content=pieces(), headers=json), 413, "too_large")


def test_another_host_is_not_answered(bench):
    answer = bench.browser().get("/api/auth/me", headers={"Host": "evil.example"})
    problem(answer, 421, "host")


def test_headers_and_cookie(make_bench):
    bench = make_bench(public_url="https://bench.example")
    client = bench.browser()
    client.base_url = "https://bench.example"
    _, token = bench.site.accounts.invite([Role.ATTACKER], "test")
    body = {"token": token, "login": "ada", "password": PASSWORD}
    answer = client.post("/api/auth/accept", json=body)
    ok(answer)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-holdfast=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["content-security-policy"] == CSP and "unsafe" not in CSP
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_invite_is_good_once(bench):
    admin = bench.person("admin")
    made = ok(admin.post("/api/people/invites", json={"roles": ["labeller"], "note": "for Bo"}))
    token = made["url"].partition("#/join/")[2]
    assert made["url"].startswith(ORIGIN) and "?" not in made["url"]
    first, second = bench.browser(), bench.browser()
    assert ok(first.post("/api/auth/invite", json={"token": token}))["roles"] == ["labeller"]
    ok(first.post("/api/auth/accept", json={"token": token, "login": "bo", "password": PASSWORD}))
    body = {"token": token, "login": "eve", "password": PASSWORD}
    problem(second.post("/api/auth/accept", json=body), 409, "conflict")
    problem(second.post("/api/auth/invite", json={"token": token}), 409, "conflict")
    assert [i["state"] for i in ok(admin.get("/api/people/invites"))][0] == "used"
    assert token not in admin.get("/api/people/invites").text


def test_invites_end_and_are_revoked(bench):
    admin = bench.person("admin")
    tokens = []
    for _ in range(2):
        made = ok(admin.post("/api/people/invites", json={"roles": ["rater"], "days": 7}))
        tokens.append(made["url"].partition("#/join/")[2])
    ok(admin.delete(f"/api/people/invites/{made['invite']['id']}"))
    problem(bench.browser().post("/api/auth/invite", json={"token": tokens[1]}), 409, "conflict")
    bench.clock.forward(days=7)
    problem(bench.browser().post("/api/auth/invite", json={"token": tokens[0]}), 409, "conflict")


def test_sign_in_says_the_same_of_every_failure(bench):
    client = bench.person("attacker")
    other = bench.browser()
    wrong = problem(
        other.post("/api/auth/sign-in", json={"login": client.login, "password": "x"}), 401, "signed_out"
    )
    unknown = problem(
        other.post("/api/auth/sign-in", json={"login": "nobody", "password": "x"}), 401, "signed_out"
    )
    assert wrong == unknown
    ok(other.post("/api/auth/sign-in", json={"login": client.login.upper(), "password": PASSWORD}))
    assert ok(other.get("/api/auth/me"))["pseudonym"] == client.pseudonym


def test_sign_in_is_limited(make_bench):
    bench = make_bench(limits=Limits())
    client = bench.browser()
    body = {"login": "ada", "password": "x"}
    for _ in range(5):
        problem(client.post("/api/auth/sign-in", json=body), 401, "signed_out")
    answer = client.post("/api/auth/sign-in", json=body)
    assert problem(answer, 429, "rate")["retry_after"] > 0 and int(answer.headers["retry-after"]) > 0


def test_weak_passwords_are_refused(bench):
    _, token = bench.site.accounts.invite([Role.ATTACKER], "test")
    for password in ("short", "aaaaaaaaaaaaaaaa", "passwordpassword", "adaadaadaada"):
        body = {"token": token, "login": "ada", "password": password}
        assert bench.browser().post("/api/auth/accept", json=body).status_code in (400, 422), password


def test_sessions_end_idle_and_at_last(bench):
    client = bench.person("attacker")
    for _ in range(40):
        bench.clock.forward(hours=11)
        if not ok(client.get("/api/auth/me"))["signed_in"]:
            break
    began = bench.clock.now - timedelta(days=14)
    assert began.year == 2026 and not ok(client.get("/api/auth/me"))["signed_in"]
    problem(client.post("/api/auth/break", json={}), 401, "signed_out")
    other = bench.person("attacker")
    bench.clock.forward(hours=13)
    problem(other.post("/api/auth/break", json={}), 401, "signed_out")


def test_sessions_are_listed_and_revoked(bench):
    client, second = bench.person("attacker"), bench.browser()
    ok(second.post("/api/auth/sign-in", json={"login": client.login, "password": PASSWORD}))
    listed = ok(client.get("/api/auth/sessions"))
    assert len(listed) == 2 and sum(one["current"] for one in listed) == 1
    other = next(one for one in listed if not one["current"])
    ok(client.delete(f"/api/auth/sessions/{other['id']}"))
    assert not ok(second.get("/api/auth/me"))["signed_in"] and ok(client.get("/api/auth/me"))["signed_in"]
    ok(client.post("/api/auth/sign-out", json={}))
    assert not ok(client.get("/api/auth/me"))["signed_in"]


def test_another_password_ends_all_other_sessions(bench):
    client, second = bench.person("attacker"), bench.browser()
    ok(second.post("/api/auth/sign-in", json={"login": client.login, "password": PASSWORD}))
    new = "another horse battery"
    problem(client.post("/api/auth/password", json={"old": "x", "new": new}), 403, "forbidden")
    ok(client.post("/api/auth/password", json={"old": PASSWORD, "new": new}))
    assert ok(client.get("/api/auth/me"))["signed_in"] and not ok(second.get("/api/auth/me"))["signed_in"]
    ok(second.post("/api/auth/sign-in", json={"login": client.login, "password": new}))


def test_people_are_changed_switched_off_and_forgotten(bench):
    admin, client = bench.person("admin"), bench.person("attacker")
    url = f"/api/people/{client.pseudonym}"
    ok(admin.patch(url, json={"roles": ["labeller"]}))
    assert not ok(client.get("/api/auth/me"))["signed_in"]
    ok(client.post("/api/auth/sign-in", json={"login": client.login, "password": PASSWORD}))
    assert ok(client.get("/api/auth/me"))["roles"] == ["labeller"]
    link = ok(admin.post(f"{url}/reset", json={}))["url"]
    body = {"token": link.partition("#/join/")[2], "login": client.login, "password": "third horse battery"}
    ok(bench.browser().post("/api/auth/accept", json=body))
    assert not ok(client.get("/api/auth/me"))["signed_in"]
    ok(admin.delete(url))
    people = {one["pseudonym"]: one for one in ok(admin.get("/api/people"))["rows"]}
    assert people[client.pseudonym]["login"] == "" and not people[client.pseudonym]["active"]
    body = {"login": client.login, "password": "third horse battery"}
    problem(client.post("/api/auth/sign-in", json=body), 401, "signed_out")
    problem(admin.delete(f"/api/people/{admin.pseudonym}"), 409, "conflict")
    problem(admin.patch(f"/api/people/{admin.pseudonym}", json={"roles": ["lead"]}), 409, "conflict")


def test_a_token_that_was_revoked_or_ended_is_useless(bench):
    admin = bench.person("admin")
    made = ok(admin.post("/api/people/bots", json={"name": "fuzz@1", "days": 30}))
    bot = bench.browser()
    bot.headers["Authorization"] = f"Bearer {made['token']}"
    assert ok(bot.get("/api/attack/options"))["live"]
    (row,) = [one for one in ok(admin.get("/api/people"))["rows"] if one["bot"]]
    assert row["tokens"][0]["prefix"] == made["token"][:7]
    assert row["tokens"][0]["last_used"] is not None
    ok(admin.delete(f"/api/people/tokens/{row['tokens'][0]['id']}"))
    problem(bot.get("/api/attack/options"), 401, "signed_out")


def test_nothing_that_lets_somebody_in_is_kept_as_it_is(bench, tmp_path):
    admin = bench.person("admin")
    made = ok(admin.post("/api/people/bots", json={"name": "fuzz@1"}))
    link = ok(admin.post("/api/people/invites", json={"roles": ["rater"]}))["url"]
    cookie = admin.cookies["holdfast"]
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("holdfast.db*"))
    for secret in (made["token"], link.partition("#/join/")[2], cookie, PASSWORD):
        assert secret.encode() not in raw


def test_identity_in_the_body_is_refused(bench):
    client = bench.person("attacker")
    body = {"client_id": bench.key(), "parent": {"kind": "offered"}, "worker": "somebody-else-1"}
    found = problem(client.post("/api/attack/sessions", json=body), 422, "input")
    assert "worker" in found["fields"]


def test_settings_that_cannot_be():
    from holdfast.errors import ConfigError

    for bad in ({"secret": b"short"}, {"public_url": "ftp://x"}, {"public_url": "https://x/path"}):
        with pytest.raises(ConfigError):
            Settings(**{"secret": b"k" * 32} | bad)
