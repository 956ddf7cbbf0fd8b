"""Somebody who draws in a draft over HTTP."""

from typing import Any

import shapely

EN = {"accept-language": "en"}


class Planner:
    """One reader of one draft; ``seen`` is the revision that was looked at last."""

    def __init__(self, client: Any, base: str, seen: int = 0, headers: dict[str, str] | None = None) -> None:
        self.client = client
        self.base = base
        self.seen = seen
        self.headers = {**EN, **(headers or {})}

    def get(self, path: str = "") -> Any:
        return self.client.get(f"{self.base}{path}", headers=self.headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.post(f"{self.base}{path}", json=body, headers={**self.headers, **headers})

    def delete(self, path: str) -> Any:
        return self.client.delete(f"{self.base}{path}", headers=self.headers)

    def edit(self, verb: str, *, seen: int | None = None, **body: Any) -> Any:
        answer = self.post("/edits", {"verb": verb, **body}, **{"if-match": f'"{self.seen if seen is None else seen}"'})
        if answer.status_code == 200:
            self.seen = answer.json()["revision"]
        return answer

    def done(self, verb: str, **body: Any) -> dict[str, Any]:
        answer = self.edit(verb, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def back(self, way: str = "undo") -> Any:
        answer = self.client.post(f"{self.base}/{way}", headers=self.headers)
        if answer.status_code == 200:
            self.seen = answer.json()["revision"]
        return answer

    def state(self) -> dict[str, Any]:
        return self.get().json()

    def areas(self, level: str | None = None) -> dict[str, Any]:
        answer = self.get("/areas" + (f"?level={level}" if level else ""))
        assert answer.status_code == 200, answer.text
        return {f["id"]: shapely.geometry.shape(f["geometry"]) for f in answer.json()["features"]}
