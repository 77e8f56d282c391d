"""The tables behind the invented people agree with the reference data."""

from zoneinfo import available_timezones

from seeds import records
from seeds.demo.mentoring import MISSION_ZONES
from seeds.demo.names import STYLES
from seeds.demo.places import PLACES
from seeds.demo.texts import TOPICS


def test_every_country_is_a_member_state_named_once() -> None:
    states = {state.code for state in records.load().member_states}
    codes = [place.code for place in PLACES]
    assert len(codes) == len(set(codes))
    assert set(codes) <= states


def test_every_regional_group_sends_people() -> None:
    reference = records.load()
    codes = {place.code for place in PLACES}
    groups = {g for state in reference.member_states if state.code in codes for g in state.groups}
    assert groups == {group.code for group in reference.regional_groups}


def test_every_mother_tongue_is_a_known_language() -> None:
    known = {language.code for language in records.load().languages}
    assert {code for place in PLACES for code in place.languages} <= known


def test_every_name_style_is_used_and_every_country_has_one() -> None:
    assert {place.style for place in PLACES} == set(STYLES)


def test_every_time_zone_is_in_the_iana_database() -> None:
    missions = {zone for zones in MISSION_ZONES.values() for zone in zones}
    assert ({place.zone for place in PLACES} | missions) <= available_timezones()


def test_every_mandate_task_has_something_to_say() -> None:
    assert set(TOPICS) == {task.code for task in records.load().mandate_tasks}
