"""Somebody who draws in a draft over HTTP."""

from typing import Any

import shapely

EN = {"accept-language": "en"}


class Planner:
    """Somebody who draws in a draft."""

    def __init__(self, client: Any, base: str, seen: int = 0) -> None:
        self.client = client
        self.base = base
        self.seen = seen

    def edit(self, verb: str, *, seen: int | None = None, **body: Any) -> Any:
        headers = {"if-match": f'"{self.seen if seen is None else seen}"', **EN}
        answer = self.client.post(f"{self.base}/edits", json={"verb": verb, **body}, headers=headers)
        if answer.status_code == 200:
            self.seen = answer.json()["revision"]
        return answer

    def done(self, verb: str, **body: Any) -> dict[str, Any]:
        answer = self.edit(verb, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def back(self, way: str = "undo") -> Any:
        answer = self.client.post(f"{self.base}/{way}", headers=EN)
        if answer.status_code == 200:
            self.seen = answer.json()["revision"]
        return answer

    def areas(self, level: str | None = None) -> dict[str, Any]:
        answer = self.client.get(f"{self.base}/areas" + (f"?level={level}" if level else ""))
        assert answer.status_code == 200, answer.text
        return {f["id"]: shapely.geometry.shape(f["geometry"]) for f in answer.json()["features"]}

    def state(self) -> dict[str, Any]:
        return self.client.get(self.base, headers=EN).json()
