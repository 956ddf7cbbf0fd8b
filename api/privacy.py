"""How private each field of each answer is: the one place. An answer with a field that is not here cannot be made."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from gridmap.domain.privacy import Privacy


def _fields(public: str = "", internal: str = "", personal: str = "", sensitive: str = "") -> Mapping[str, Privacy]:
    words = zip(Privacy, (public, internal, personal, sensitive), strict=True)
    return {name: privacy for privacy, names in words for name in names.split()}


_CASE = (
    "case_id status version category channel kind emergency occurred_at reported_at due_at clock unit proposed "
    "grid_code component address lon lat extensions returns reworks merged_into"
)

_RATES = "per_hour per_hour_low per_hour_high per_visit per_visit_low per_visit_high"
_PATROLLED = f"visits dwells workers hours km area_share street_share incidents patrol_found citizen_found {_RATES}"
_COVERED = "area_m2 covered_m2 area_share households covered_households household_share facilities"

#: Answer (its class) to field to how private it is.
FIELDS: Mapping[str, Mapping[str, Privacy]] = {
    # who is responsible
    "GridOut": _fields(internal="code name level"),
    "LocatedGrid": _fields(internal="code name level households area_m2 department phone"),
    "StaffOut": _fields(internal="role department", personal="name phone"),
    "LocateAnswer": _fields(internal="grid chain method border_m candidates desk staff set version"),
    "LocateBatchAnswer": _fields(internal="grid_code method border_m set version"),
    "StaffingOut": _fields(internal="heads_needed workers_needed heads workers station_needed"),
    "ActivityOut": _fields(internal="start end incidents fixes units last_fix_at from_sums"),
    "GridCardAnswer": _fields(
        internal="grid chain households floating_residents area_m2 department phone staffing activity set version"
    ),
    # sets and versions
    "LevelOut": _fields(internal="name order tiles_parent shapes contiguous required"),
    "SetOut": _fields(internal="name title code_scheme rules revision levels version valid_from grids"),
    "SetsAnswer": _fields(internal="sets"),
    "VersionOut": _fields(internal="number state valid_from valid_to note based_on published_at content_hash"),
    "VersionsAnswer": _fields(internal="set revision versions"),
    "DraftAnswer": _fields(internal="set draft"),
    "DiscardAnswer": _fields(internal="set discarded"),
    "FindingOut": _fields(
        internal="rule severity codes level measure unit message place clause document provenance needs_waiver waived"
    ),
    "ReportFindingOut": _fields(
        internal="rule severity codes level measure unit message place clause document provenance needs_waiver waived "
        "blocking geometry"
    ),
    "RedrawFindingOut": _fields(
        internal="rule severity codes level measure unit message place clause document provenance needs_waiver waived "
        "blocking geometry waiver"
    ),
    "WaiverOut": _fields(internal="number rule codes by mine at reason holds"),
    "WaiversAnswer": _fields(internal="waivers"),
    "ReportSummary": _fields(internal="findings by_rule by_severity grids"),
    "ReportAnswer": _fields(internal="set version against blocking acceptable findings truncated summary"),
    "PublicationAnswer": _fields(internal="set revision version dry_run lineage findings incidents fixes"),
    "WithdrawalAnswer": _fields(internal="set revision version incidents fixes"),
    # drafts that are redrawn; who drew is known to who may draw
    "RedrawLevelOut": _fields(internal="name order tiles_parent"),
    "EditOut": _fields(internal="number verb by mine at codes undoes summary"),
    "StackOut": _fields(internal="count number"),
    "PlannerOut": _fields(internal="name seen_at"),
    "TotalsOut": _fields(internal="holes overlaps hole_m2 overlap_m2 errors warnings"),
    "RedrawAnswer": _fields(
        internal="set draft revision based_on level levels box areas state undo redo others totals"
    ),
    "ShapesOut": _fields(internal="type features"),
    "EditedAnswer": _fields(internal="revision edit changed gone gained_m2 lost_m2 findings totals undo redo"),
    "EditsAnswer": _fields(internal="revision edits changed gone others undo redo marks"),
    "RepairRowOut": _fields(internal="code name area_before_m2 area_after_m2 gained_m2 lost_m2"),
    "RepairAnswer": _fields(internal="revision gap_width_m rows gone largest_m2 free_m2 left shapes"),
    "RedrawFindingsAnswer": _fields(internal="revision findings totals"),
    "MeasuresOut": _fields(
        internal="area_m2 households floating workers_required workers incidents patrol_hours compactness"
    ),
    "EffectOut": _fields(internal="code name before after"),
    "HandedFacilityOut": _fields(internal="layer code name state lon lat from_code to_code"),
    "HandedOut": _fields(internal="incident_id category occurred_at lon lat from_code to_code"),
    "LeavingOut": _fields(internal="grid_code role department", personal="name"),
    "BalanceOut": _fields(internal="parent measure mean_before mean_after deviation_before deviation_after"),
    "EffectsAnswer": _fields(internal="revision start end areas handed handed_total facilities staff balance"),
    "MarkOut": _fields(internal="number kind by mine at code places text"),
    "MarksAnswer": _fields(internal="marks"),
    "FiguresOut": _fields(
        internal="grids worst_deviation least most moved_weight moved_ground cut_m cut_edges compactness"
    ),
    "CandidateOut": _fields(internal="number wish changed founded gone figures"),
    "ReasonOut": _fields(internal="code area message"),
    "ProposalAnswer": _fields(internal="proposal state progress revision today candidates reasons error message"),
    "StepOut": _fields(internal="to by at revision reason"),
    "StepsAnswer": _fields(internal="state revision second_person steps"),
    "CompareRowOut": _fields(
        internal="level code change name_before name_after parent_before parent_after households_before "
        "households_after area_before_m2 area_after_m2 gained_m2 lost_m2 sentence"
    ),
    "CompareAnswer": _fields(internal="set draft revision other rows total truncated pieces"),
    # history
    "ChangeOut": _fields(internal="level kind count"),
    "EditionOut": _fields(internal="number phase valid_from valid_to note based_on published_at grids changes"),
    "HistoryAnswer": _fields(internal="set title today levels versions drafts retired"),
    "EdgeOut": _fields(internal="level old_code new_code kind area_m2 old_share new_share households"),
    "LineageAnswer": _fields(internal="set version edges links numberReturned"),
    "LifeOut": _fields(internal="level version valid_from valid_to"),
    "SuccessorOut": _fields(internal="code name area_m2 share households household_share"),
    "CodeAnswer": _fields(internal="set code name at state version lives successors lost_share"),
    "LevelSummaryOut": _fields(internal="level codes changed area_m2 households incidents incidents_elsewhere"),
    "CodeRowOut": _fields(
        internal="level code name_before name_after area_before_m2 area_after_m2 households_before households_after "
        "incidents_before incidents_after"
    ),
    "WindowOut": _fields(internal="start end"),
    "DifferenceAnswer": _fields(internal="set from_ to window summary rows pieces borders bounds"),
    "CrosswalkRowOut": _fields(internal="a_code b_code relation area_m2 a_share b_share"),
    "PlanOut": _fields(internal="set version at grids"),
    "CrosswalkAnswer": _fields(internal="a b summary rows"),
    # patrols; workers are numbers
    "RatesOut": _fields(internal=_RATES),
    "FoundOut": _fields(internal=_PATROLLED),
    "GridPatrolledOut": _fields(
        internal=f"{_PATROLLED} code name passes dwell_hours last_at days norm norm_days status sight"
    ),
    "PatrolsTotalOut": _fields(internal=f"{_PATROLLED} grids elsewhere patrol_share outside_hours outside_km"),
    "CleaningOut": _fields(internal="fixes units verdicts late clocks stops stop_hours gaps gap_hours"),
    "PatrolsAnswer": _fields(
        internal="set version start end at rules reach_m dwell_s sight status total cleaning from_sums grids"
    ),
    "GridWatchedOut": _fields(internal="code name watched camera_share incidents"),
    "BlindAnswer": _fields(
        internal="set version at start end from_sums layers cameras camera_reach_m camera_share watched grids"
    ),
    "SummedAnswer": _fields(internal="days ready"),
    "FromSumsOut": _fields(internal="until days other_borders left_out_hours lacking"),
    # hotspots
    "GridJudgedOut": _fields(
        internal="code name value incidents base beside around expected more z p q judged peak usual sight hours "
        "per_hour per_hour_low per_hour_high sentence"
    ),
    "HotspotsAnswer": _fields(internal="set version start end by side rate draws seed hot cold peaks total said grids"),
    "PeriodOut": _fields(internal="start end recorded"),
    "GridChangedOut": _fields(
        internal="code name pattern side hot cold periods trend_z trend_p counts judged sentence"
    ),
    "EmergingAnswer": _fields(internal="set version start end rate draws seed periods said grids"),
    "SuddenOut": _fields(internal="category title since observed expected p radius_m code name lon lat grids sentence"),
    "SuddenAnswer": _fields(internal="set version start end weeks rate kinds silent said clusters"),
    "MethodScoreOut": _fields(
        internal="method title hits incidents area_share hit_rate hit_low hit_high pai best_pai pei"
    ),
    "GridExpectedOut": _fields(internal="code name expected marked"),
    "ForecastAnswer": _fields(
        internal="set version start end weeks periods tests area_share chosen left_out scores said grids"
    ),
    # released to everybody
    "PublicCellOut": _fields(public="cell box incidents"),
    "PublicKindOut": _fields(public="category title sensitive incidents"),
    "PublicHeatAnswer": _fields(public="month months made_at place least cell_m total said cells kinds"),
    "OverdueOut": _fields(internal="code name last_at days norm norm_days times status incidents"),
    "OverdueAnswer": _fields(internal="set version start end at from_sums status grids"),
    "HourOut": _fields(internal="weekday hour visits workers hours km"),
    "HoursAnswer": _fields(internal="set version at start end from_sums grid hours"),
    # Open311
    "ServiceOut": _fields(public="service_code service_name description metadata type keywords group"),
    "ServiceDefinitionOut": _fields(public="service_code attributes"),
    "RequestedOut": _fields(internal="service_request_id service_notice account_id"),
    "ServiceRequestOut": _fields(
        internal="service_request_id status status_notes service_name service_code description agency_responsible "
        "service_notice requested_datetime updated_datetime expected_datetime address address_id zipcode lat long "
        "media_url"
    ),
    # standard places
    "PlaceOut": _fields(internal="code name kind lon lat score matched"),
    "PlacesAnswer": _fields(internal="places"),
    # lists and figures
    "Link": _fields(internal="rel href type"),
    "Feature": _fields(internal="type id geometry properties"),
    "FeatureCollection": _fields(internal="type features links numberReturned"),
    "LayerOut": _fields(internal="name title planned built open"),
    "LayersAnswer": _fields(internal="at layers"),
    # facilities, staff in numbers, and what areas have
    "ReachOut": _fields(internal="radius_m minutes m_per_min width_m"),
    "ServiceKindOut": _fields(internal="id title layers reach document provenance"),
    "NeedOut": _fields(internal="id group title at layers count per_households attribute least document provenance"),
    "ServicesAnswer": _fields(internal="name source on_foot ways services needs"),
    "CoverageFiguresOut": _fields(internal=_COVERED),
    "GridServiceOut": _fields(internal=_COVERED + " code nearest_m status"),
    "ServiceCoverageAnswer": _fields(
        internal="set version at layer states reach households_by households_unknown unattached gaps status total grids"
    ),
    "GridStaffOut": _fields(
        internal="code households floating_residents heads workers workers_needed heads_short workers_short "
        "workers_spare load station_needed station_short status"
    ),
    "StaffingAnswer": _fields(
        internal="set version at households_per_worker floating_residents_per_station summary grids"
    ),
    "ProvisionRowOut": _fields(internal="code level need required present lacking status"),
    "ProvisionAnswer": _fields(internal="set version at states summary rows"),
    "BestPlaceOut": _fields(
        internal="rank code name grid_code lon lat serves newly only_here mean_m mean_minutes reason"
    ),
    "BestPlacesAnswer": _fields(
        internal="set version at layer model count radius_m minutes m_per_min capacity area candidates existing "
        "households households_unknown households_off_road served_before served mean_before_m mean_m "
        "mean_before_minutes mean_minutes proven places"
    ),
    "PatrolListOut": _fields(
        internal="rank code name overdue hot never days_since norm_days incidents unseen share share_so_far reason"
    ),
    "PatrolListAnswer": _fields(internal="set version at start end from_sums listed due share grids"),
    "InspectionPlanOut": _fields(
        internal="layer title unit every starts_on lead_days items notes within_m dwell_s "
        "fixes_from objects current due overdue visited complete "
        "never required_a_year"
    ),
    "InspectionOut": _fields(
        internal="layer code name grid_code status due_on days_over visited complete last_visit_on last_complete_on "
        "outcome note"
    ),
    "InspectionsAnswer": _fields(internal="set version at plans objects"),
    "ChecksAnswer": _fields(internal="layer added duplicates"),
    "SampleOut": _fields(internal="number layer day at by seed list_sha256 population chosen objects holds"),
    "SamplesAnswer": _fields(internal="draws"),
    "CategoryOut": _fields(internal="code zh en"),
    "CategoriesAnswer": _fields(internal="categories"),
    "CountOut": _fields(internal="version grid_code incidents"),
    "CountsAnswer": _fields(internal="set owner version incidents without_owner counts"),
    "ItemOut": _fields(internal="status code pointer detail grid_code method"),
    "BatchAnswer": _fields(internal="results counts"),
    "SpanOut": _fields(internal="first last count"),
    "IncidentSpanOut": _fields(internal="first last count categories"),
    "BasemapAnswer": _fields(internal="url max_zoom bounds tiles"),
    "PicturesAnswer": _fields(internal="urls datum matrix_set last attribution away"),
    "OverviewAnswer": _fields(internal="sets incidents fixes time_zone default_set center bounds"),
    # cases: what people wrote stands in the file alone, which is for who works on it
    "CaseItemOut": _fields(internal="status code pointer detail grid_code method case_id unit rule similar"),
    "CaseBatchAnswer": _fields(internal="results counts"),
    "CaseOut": _fields(internal=_CASE),
    "CasesAnswer": _fields(internal="at cases counts next"),
    "CaseFileOut": _fields(internal=_CASE + " note photos reporter accuracy_m condition"),
    "ProposedOut": _fields(internal="unit rule reason"),
    "RecordLineOut": _fields(internal="number act by role at reason names"),
    "MayOut": _fields(internal="act role reason names"),
    "ClockOut": _fields(internal="stage limit started_at due_at counted left_s paused provisional risk_at"),
    "ConditionOut": _fields(internal="condition limit"),
    "SimilarOut": _fields(internal=_CASE + " score distance_m minutes same_component reasons"),
    "CaseAnswer": _fields(internal="case owner proposed record may clock similar conditions"),
    "SimilarAnswer": _fields(internal="cases"),
    "ResponsibleAnswer": _fields(internal="owner proposed sides confirm"),
    # the leader's page
    "LeadNumberOut": _fields(
        internal="name title unit better formula value numerator denominator before change target cases"
    ),
    "LeadCourseOut": _fields(internal="period labels reported on_time due"),
    "LeadTypeOut": _fields(internal="category title reported before on_time due"),
    "LeadPlaceOut": _fields(internal="code title rank reported on_time due hours reworks handled"),
    "LeadAreaOut": _fields(internal="code title level"),
    "LeadAnswer": _fields(
        internal="at first last start end before until time_zone set area level levels areas numbers open overdue "
        "at_risk course types places hours"
    ),
    "LeadEffortPlaceOut": _fields(
        internal="code title grids unseen hours incidents found per_hour per_hour_low per_hour_high"
    ),
    "LeadEffortAnswer": _fields(internal="start end set level recorded said places"),
    "LeadRedrawCountOut": _fields(internal="title reported on_time due"),
    "LeadRedrawGridOut": _fields(internal="code before after"),
    "LeadRedrawAnswer": _fields(internal="set from_ to start end cases moved grids"),
    "IndicatorOut": _fields(internal="name title unit better formula numerator denominator"),
    "FigureOut": _fields(internal="value numerator denominator before change"),
    "FigureGroupOut": _fields(internal="group key against values"),
    "IndicatorsAnswer": _fields(internal="at start end time_zone by cases indicators groups"),
    "BehindAnswer": _fields(internal="count cases next"),
    "PartOut": _fields(internal="title numerator denominator lost"),
    "ItemScoreOut": _fields(internal="id title of points parts"),
    "ScoreOut": _fields(internal="rank subject points of share items"),
    "EvaluationAnswer": _fields(internal="table title document by at start end scores notes"),
    "AlertOut": _fields(internal="rule kind grade title text about subject measure count cases lon lat"),
    "AlertsAnswer": _fields(internal="at rules counts alerts truncated"),
    "PatrolOut": _fields(internal="unit_id fixed_at age_s lon lat distance_m grid_code load reasons"),
    # shifts: a unit is a number of a device, whose bearer the city knows
    "FixItemOut": _fields(internal="status code pointer detail grid_code method flag clock_s"),
    "FixBatchAnswer": _fields(internal="results counts"),
    "ShiftOut": _fields(internal="unit_id start end areas"),
    "ShiftsAnswer": _fields(internal="set start end shifts"),
    "ShiftsPutAnswer": _fields(internal="set start end shifts units before"),
    "UnitClockOut": _fields(internal="unit_id clock_s fixes"),
    "UnitClocksAnswer": _fields(internal="clocks"),
    "PositionOut": _fields(internal="unit_id fixed_at lon lat grid_code"),
    "PatrolsNearAnswer": _fields(internal="units"),
    # accounts: a name here is that of an account, given by who keeps the accounts
    "GrantOut": _fields(internal="role set code valid_from valid_to"),
    "AccountOut": _fields(internal="account kind name title grants totp issuer subject created_at disabled_at"),
    "SessionAnswer": _fields(public="access set_up_needed sso time_zone", internal="account permissions"),
    "DoneAnswer": _fields(public="done"),
    "SsoAnswer": _fields(public="address"),
    "TotpAnswer": _fields(sensitive="secret uri"),
    "AccountsAnswer": _fields(internal="accounts"),
    "AccountAnswer": _fields(internal="account", sensitive="secret"),
    "EntryOut": _fields(internal="number at action outcome actor_id actor subject request_id detail hash"),
    "TrailAnswer": _fields(internal="entries next_before"),
    "EventOut": _fields(internal="id at kind set code subject count"),
    "EventsAnswer": _fields(internal="events next"),
    "TrailFaultOut": _fields(internal="rule message"),
    "TrailCheckAnswer": _fields(internal="entries hash whole faults"),
    # the service itself, and errors
    "HealthAnswer": _fields(public="status version"),
    "ReadyAnswer": _fields(public="status store"),
    "ProblemError": _fields(public="pointer parameter code detail"),
    "SuccessorShareOut": _fields(internal="code share"),
    "Problem": _fields(
        public="type title status detail instance code request_id retryable errors hint truncated",
        internal="successors findings expected revision meanwhile changed changes",
    ),
}

#: Secrets that an answer hands to their owner, this once.
HANDED_OVER = frozenset({("AccountAnswer", "secret"), ("TotpAnswer", "secret"), ("TotpAnswer", "uri")})

_PEOPLE: ContextVar[bool] = ContextVar("people", default=False)


@contextmanager
def seeing_people(allowed: bool) -> Iterator[None]:
    """Say for what is written inside whether the reader may know people by name; outside of it, nobody may."""
    token = _PEOPLE.set(allowed)
    try:
        yield
    finally:
        _PEOPLE.reset(token)


def sees_people() -> bool:
    """Tell whether the reader of what is being written may know people by name."""
    return _PEOPLE.get()


def personal_fields(answer: str) -> frozenset[str]:
    """Give the fields of an answer that only who may know people sees."""
    return frozenset(name for name, privacy in FIELDS[answer].items() if privacy is Privacy.PERSONAL)


def require_classified(answer: str, fields: Sequence[str], *, withholds: bool) -> None:
    """Check that each field of an answer stands in ``FIELDS``, and may leave at all.

    Parameters
    ----------
    withholds : bool
        The answer leaves its personal fields out for who may not know people.

    Raises
    ------
    TypeError
    """
    known = FIELDS.get(answer, {})
    missing = sorted(set(fields) - known.keys())
    if missing:
        raise TypeError(f"api/privacy.py does not say how private these fields of {answer} are: {', '.join(missing)}")
    for name in fields:
        if known[name] is Privacy.SENSITIVE and (answer, name) not in HANDED_OVER:
            raise TypeError(f"{answer}.{name} is sensitive: it leaves in no answer")
        if known[name] is Privacy.PERSONAL and not withholds:
            raise TypeError(f"{answer}.{name} is personal: the answer must derive from PersonalOut")
