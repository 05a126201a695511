"""The versions of a setting over the API: history, rollback, difference, and changes from an outdated copy."""

import pytest

from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, PATH, problem, save, shown

pytestmark = pytest.mark.django_db


class TestHistoryAndRollback:
    def test_three_versions_with_actor_and_reason(self, api: Api) -> None:
        save(api, "100.00", reason="first")
        save(api, "200.00", reason="second")
        back = api.post(f"{PATH}/rollback", {"configKey": LIMIT, "environment": "production", "version": 1, "reason": "back"})
        assert (back.status_code, back.json()["version"], back.json()["configValue"], back.json()["rollbackOf"]) == (201, 3, "100.00", 1)
        body = api.get(f"{PATH}/history?configKey={LIMIT}").json()
        assert [(row["version"], row["oldValue"], row["newValue"], row["reason"], row["status"]) for row in body["data"]] == [
            (3, "200.00", "100.00", "back", "ACTIVE"),
            (2, "100.00", "200.00", "second", "SUPERSEDED"),
            (1, None, "100.00", "first", "SUPERSEDED"),
        ]
        assert {row["changedBy"] for row in body["data"]} == {api.client_id}
        assert all(row["changedAt"].endswith("Z") and row["correlationId"] and row["environment"] == "production" for row in body["data"])
        assert (body["hasMore"], body["nextCursor"]) == (False, None)

    def test_history_in_pages_and_by_environment(self, api: Api) -> None:
        for value in ("1", "2", "3"):
            save(api, value)
        save(api, "9", environment="staging")
        first = api.get(f"{PATH}/history?configKey={LIMIT}&environment=production&limit=2").json()
        second = api.get(f"{PATH}/history?configKey={LIMIT}&environment=production&limit=2&cursor={first['nextCursor']}").json()
        assert [row["version"] for row in first["data"] + second["data"]] == [3, 2, 1]

    def test_back_to_no_value(self, api: Api) -> None:
        save(api, "1")
        save(api, None)
        save(api, "2")
        assert api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 2}).status_code == 201
        assert shown(api)["source"] == "DEFAULT"

    def test_back_to_nowhere(self, api: Api) -> None:
        assert problem(api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 9}))[:2] == (404, "not_found")

    def test_diff(self, api: Api) -> None:
        save(api, {"a": 1, "b": {"c": [1]}, "d/e": 0}, "custom.x")
        save(api, {"a": True, "b": {"c": [2]}, "f": 1}, "custom.x")
        body = api.get(f"{PATH}/diff?configKey=custom.x&from=1&to=2").json()
        assert (body["from"]["version"], body["to"]["version"]) == (1, 2)
        assert [(row["op"], row["path"], row["before"], row["after"]) for row in body["differences"]] == [
            ("replace", "/a", 1, True),
            ("replace", "/b/c", [1], [2]),
            ("remove", "/d~1e", 0, None),
            ("add", "/f", None, 1),
        ]
        assert api.get(f"{PATH}/diff?configKey=custom.x&from=2").json()["differences"] == []

    @pytest.mark.parametrize("query", ["", "?configKey=custom.x", "?configKey=custom.x&from=0", "?configKey=custom.x&from=x"])
    def test_half_a_diff(self, api: Api, query: str) -> None:
        assert api.get(f"{PATH}/diff{query}").status_code == 400


class TestStaleCopies:
    def test_the_version_of_the_key(self, api: Api) -> None:
        tag = api.get(f"{PATH}?configKey={LIMIT}").headers["ETag"]
        assert tag == '"v0"'
        assert save(api, "1", headers={"If-Match": tag}).status_code == 201
        stale = save(api, "2", headers={"If-Match": tag})
        assert (problem(stale)[:2], stale.headers["ETag"]) == ((412, "stale_version"), '"v1"')
        assert save(api, "2", headers={"If-Match": '"v1"'}).status_code == 201

    def test_the_whole_list(self, api: Api) -> None:
        tag = api.get(PATH).headers["ETag"]
        assert save(api, "1", headers={"If-Match": tag}).status_code == 201
        assert problem(save(api, "2", headers={"If-Match": tag}))[:2] == (412, "stale_version")

    def test_a_rollback(self, api: Api) -> None:
        save(api, "1")
        save(api, "2")
        answer = api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 1}, **{"If-Match": '"v1"'})
        assert problem(answer)[:2] == (412, "stale_version")
