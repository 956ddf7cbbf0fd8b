"""Settings, read once from the environment (``GRIDMAP_...``) by an edge: the command line or the app."""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gridmap.i18n import Language
from gridmap.intranet import origin_of


class Settings(BaseSettings):
    """Every setting, its default and what it means. Environment names carry the prefix ``GRIDMAP_``."""

    model_config = SettingsConfigDict(env_prefix="GRIDMAP_", extra="ignore", frozen=True)

    database_url: str = Field("sqlite:///gridmap.gpkg", description="SQLAlchemy URL of the store")
    index_dir: Path | None = Field(
        None, description="folder in which workers share the index of a version; else each has its own"
    )
    tile_dir: Path | None = Field(
        None, description="folder in which workers share the tiles they made; else one among the temporary files"
    )
    tile_mb: int = Field(512, ge=0, description="megabytes of tiles kept there; 0: none are kept")
    basemap_dir: Path | None = Field(None, description="folder of base maps (PMTiles); none is drawn if not set")
    basemap: str = Field("", description="name of the base map that is drawn; else the first by name")
    basemap_url: str = Field(
        "",
        description="address of tiles (XYZ, WMTS) of a map server of the intranet, drawn in place of an archive, with "
        "{z}, {x} and {y}; several, joined by blanks, are drawn above each other",
    )
    basemap_datum: Literal["", "wgs84", "cgcs2000", "gcj02"] = Field(
        "", description="datum of those tiles; must be stated, and gcj02 is shifted to where it belongs"
    )
    basemap_matrix_set: Literal["WebMercatorQuad", "CGCS2000Quad"] = Field(
        "WebMercatorQuad",
        description="matrices of those tiles; CGCS2000Quad: those in degrees, as layers `c` have them",
    )
    basemap_last: int = Field(18, ge=1, le=24, description="last matrix that the server has; it is drawn on from there")
    basemap_attribution: str = Field("", max_length=200, description="whose tiles these are, as the maps say it")
    access: Literal["open", "accounts"] = Field(
        "accounts", description="accounts: who asks must sign in or show a key; open: nobody does, everybody may do all"
    )
    hosts: str = Field(
        "", description="names and addresses by which the service may be asked for, joined by commas; any if not set"
    )
    trusted_proxies: str = Field(
        "", description="addresses or networks, joined by commas, of proxies whose X-Forwarded-For is believed"
    )
    requests_per_s: float = Field(
        100.0, gt=0, description="requests a second of one account; five seconds' worth at once"
    )
    network_requests_per_s: float = Field(1_000.0, gt=0, description="the same for one network address")
    open_requests_per_s: float = Field(20_000.0, gt=0, description="the same for one network address with open access")
    sign_ins_per_minute: float = Field(20.0, gt=0, description="attempts to sign in from one network address")
    heavy_at_once: int = Field(
        2, gt=0, description="maps, comparisons, streams and changes of versions of one account at once"
    )
    streams_at_once: int = Field(4, gt=0, description="streams of events of one account at once")
    session_idle_s: float = Field(28_800.0, gt=0, description="seconds after which a session ends that is not used")
    session_max_s: float = Field(604_800.0, gt=0, description="seconds after which every session ends")
    sign_in_wait_s: float = Field(
        900.0, gt=0, description="longest wait after failures to sign in; it doubles from 1 s with each"
    )
    secret_key: SecretStr | None = Field(
        None,
        description="key, kept outside the store, that seals the secrets of authenticators in it; 16 or more letters",
    )
    public_url: str = Field(
        "", description="address at which browsers reach the service, such as https://grid.example; for OpenID Connect"
    )
    oidc_client_id: str = Field("", description="name of the service at the identity service (OpenID Connect)")
    oidc_client_secret: SecretStr | None = Field(
        None, description="what it shows there; without it it is a public client, held by PKCE alone"
    )
    oidc_algorithms: str = Field(
        "RS256,ES256,EdDSA", description="signatures of ID tokens that are taken: of RS256, ES256 and EdDSA"
    )
    oidc_title: str = Field("", description="what the identity service is called on the page of signing in")
    oidc_new_accounts: Literal["refuse", "create"] = Field(
        "refuse", description="who comes from there without an account: refuse, or create one without any right"
    )
    oidc_issuer: str = Field(
        "", description="address of the identity service; nothing is asked of any where it is not set"
    )
    password_memory_kib: int = Field(65_536, ge=64, description="Argon2id: memory of one check of a password")
    password_passes: int = Field(2, gt=0, description="Argon2id: passes over that memory")
    password_lanes: int = Field(1, gt=0, le=8, description="Argon2id: lanes of that memory")
    passwords_at_once: int = Field(2, gt=0, description="checks of passwords at once; others wait")
    default_set: str | None = Field(None, description="boundary set used when a call names none; else the only one")
    language: Language = Field("zh", description="language of pages and messages when the reader states none")
    time_zone: str = Field("Asia/Shanghai", description="zone in which dates are read and times are shown")
    nearest_within_m: float = Field(50.0, ge=0, description="how far outside every grid the nearest one still answers")
    households_per_worker: int = Field(150, gt=0, description="households for each of which a grid needs one worker")
    floating_residents_per_station: int = Field(
        2_000, gt=0, description="floating residents above which a grid needs a service station"
    )
    shift_tolerance_minutes: float = Field(
        15.0, ge=0, le=720, description="how long before and after a shift fixes of its unit are still taken in"
    )
    fixes_without_shift: Literal["keep", "refuse"] = Field(
        "keep", description="fixes of units without any shift on record: keep, or refuse as off shift"
    )
    fixes_kept_days: int = Field(
        90, ge=1, description="days for which single fixes are kept; gridmap patrols thin leaves sums of older days"
    )
    sliver_width_m: float = Field(0.1, gt=0, description="faults of a tiling thinner than this are slivers")
    sliver_area_m2: float = Field(0.01, ge=0, description="overlaps and holes up to this size are only warnings")

    max_batch_points: int = Field(10_000, gt=0, description="points in one POST /locate")
    max_arrow_points: int = Field(5_000_000, gt=0, description="points in one POST /locate/arrow")
    max_arrow_bytes: int = Field(100_000_000, gt=0, description="largest Arrow body")
    max_batch_fixes: int = Field(500, gt=0, description="records in one batch of incidents or fixes")
    max_page: int = Field(1_000, gt=0, description="largest page of a list")
    max_json_bytes: int = Field(1_000_000, gt=0, description="largest JSON body")
    max_plan_bytes: int = Field(50_000_000, gt=0, description="largest JSON body of the grids of a draft")
    lead_fresh_s: float = Field(
        30.0,
        ge=0,
        description="seconds for which the numbers of the leader's page are given as they are",
    )
    public_heat: Literal["members", "everybody"] = Field(
        "members", description="who may see the released months (gridmap release): who has an account, or everybody"
    )
    public_cell_m: float = Field(1_000.0, ge=100, description="side of the cells of a released month, in metres")
    sensitive_categories: str = Field(
        "E5,E7,E11",
        description="categories, or classes of them, joined by commas, that are released for the whole ground only",
    )
    plan_deadline_s: float = Field(
        60.0, gt=0, description="time in which the grids of a draft, or an Arrow body, must arrive"
    )
    max_json_depth: int = Field(32, gt=0, description="deepest JSON body")
    max_url_bytes: int = Field(8_192, gt=0, description="longest URL")
    max_headers: int = Field(100, gt=0, description="headers of a request")
    max_header_bytes: int = Field(16_384, gt=0, description="names and values of all headers of a request")
    body_deadline_s: float = Field(10.0, gt=0, description="time in which the body of a request must arrive")
    cursor_key: SecretStr | None = Field(
        None, description="key that signs page cursors, the same for all workers; random at start if not set"
    )
    max_text: int = Field(200, gt=0, description="characters in a text field")
    max_free_text: int = Field(4_000, gt=0, description="characters in a free text")

    max_file_bytes: int = Field(200_000_000, gt=0, description="largest untrusted file, packed")
    max_unpacked_bytes: int = Field(1_000_000_000, gt=0, description="largest untrusted file, unpacked")
    max_unpack_ratio: float = Field(100.0, gt=1, description="unpacked to packed size of an archive")
    max_archive_entries: int = Field(64, gt=0, description="files in an archive")
    max_features: int = Field(200_000, gt=0, description="features in a boundary file")
    max_vertices: int = Field(5_000_000, gt=0, description="vertices in a boundary file")
    max_geometry_vertices: int = Field(100_000, gt=0, description="vertices in one geometry")
    parser_memory_bytes: int = Field(2_000_000_000, gt=0, description="address space of the parser process")
    parser_cpu_s: int = Field(60, gt=0, description="CPU time of the parser process")
    parser_wall_s: float = Field(120.0, gt=0, description="wall time of the parser process")

    durability: Literal["required", "any"] = Field(
        "required", description="required: do not serve from a database server that may lose what it acknowledged"
    )
    log_format: Literal["json", "text"] = Field("json", description="form of the service's log on standard error")
    access_log: Literal["off", "on", "all"] = Field(
        "off", description="one log line a request; on: but for look-ups answered by the short way, which all adds"
    )
    shutdown_s: int = Field(
        20, gt=0, description="time that requests under way get to end when the service is told to stop"
    )

    @property
    def image_origins(self) -> tuple[str, ...]:
        """Give whose pictures pages may show beside ours: the origins of the tiles of the intranet."""
        return tuple(dict.fromkeys(origin_of(url) for url in self.basemap_url.split()))

    @field_validator("basemap_url")
    @classmethod
    def _templates(cls, value: str) -> str:
        for url in value.split():
            origin_of(url)
        return value

    @model_validator(mode="after")
    def _datum_stated(self) -> Self:
        if self.basemap_url.split() and not self.basemap_datum:
            raise ValueError("basemap_url needs basemap_datum")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(str.strip, value.split(",")):
            ip_network(part.strip(), strict=False)
        return value

    @field_validator("secret_key")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("16 or more letters")
        return value

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        plain = not (parts.query or parts.fragment or parts.username) and "\\" not in value
        if value and not (plain and parts.hostname and (parts.scheme == "https" or (here and parts.scheme == "http"))):
            raise ValueError("https, or http on loopback")
        return value

    @field_validator("oidc_algorithms")
    @classmethod
    def _signatures(cls, value: str) -> str:
        named = {part.strip() for part in value.split(",")}
        if not named or not named <= {"RS256", "ES256", "EdDSA"}:
            raise ValueError("of RS256, ES256 and EdDSA")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _whole_client(cls, value: str, info: ValidationInfo) -> str:
        if value and not (info.data.get("oidc_client_id") and info.data.get("public_url")):
            raise ValueError("needs oidc_client_id and public_url")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("no such time zone") from error
        return name
