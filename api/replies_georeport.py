"""What Open311 (GeoReport v2) gives: names and values as that specification has them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.replies import Out


class ServiceOut(Out):
    """A type of what can be reported."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime"]
    keywords: str
    group: str


class ServiceDefinitionOut(Out):
    """What a service asks for beside place and description: nothing."""

    service_code: str
    attributes: list[str]


class RequestedOut(Out):
    """A report that was taken."""

    service_request_id: str
    service_notice: str | None = Field(description="until when somebody looks at it")
    account_id: None = None


class ServiceRequestOut(Out):
    """A report and what became of it, never with what people wrote."""

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str | None
    service_name: str
    service_code: str
    description: None = None
    agency_responsible: str | None
    service_notice: None = None
    requested_datetime: datetime
    updated_datetime: datetime
    expected_datetime: datetime | None
    address: None = None
    address_id: None = None
    zipcode: None = None
    lat: float
    long: float
    media_url: None = None
