"""Families: what each holds, and the names that choose transforms."""

import pytest

from hardenfile import UsageError, harden
from hardenfile.catalog import catalog, choose, named
from hardenfile.profiles import DEFAULT, PROFILES


def ids(**arguments: object) -> set[str]:
    return {one.id for one in choose(**arguments)}  # type: ignore[arg-type]


def test_every_member_is_a_transform() -> None:
    for name, profile in PROFILES.items():
        assert not {*profile.members, *profile.without, *profile.options} - set(catalog()), name


def test_the_cis_family_is_what_answers_the_benchmark() -> None:
    assert set(PROFILES["cis"].members) == {
        one.id for one in catalog().values() if any(rule.startswith("CIS 4.") for rule in one.rules)
    }


def test_the_default_is_all_but_opinions_and_strict_is_all() -> None:
    assert ids() == ids(profile=DEFAULT) == set(catalog()) - set(PROFILES[DEFAULT].without)
    assert ids(profile="strict") == set(catalog())
    assert len(PROFILES[DEFAULT].without) > 0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("add-user", {"add-user"}),
        ("DL3020", {"prefer-copy"}),
        ("dl3020", {"prefer-copy"}),
        ("hadolint DL3020", {"prefer-copy"}),
        ("CKV_DOCKER_4", {"prefer-copy"}),
        ("AVD-DS-0005", {"prefer-copy"}),
        ("DS005", {"prefer-copy"}),
        ("CIS 4.9", {"prefer-copy"}),
        ("MaintainerDeprecated", {"label-maintainer"}),
    ],
)
def test_a_name_is_an_id_or_the_id_of_another_tool(name: str, found: set[str]) -> None:
    assert set(named(name)) == found
    assert ids(select=[name]) == found
    assert ids(ignore=[name]) == ids() - found


def test_a_family_can_be_selected_and_left_out() -> None:
    pods = set(PROFILES["pods"].members)
    assert ids(select=["pods"]) == pods
    assert ids(select=["pods"], ignore=["DL3020"]) == pods - {"prefer-copy"}
    assert ids(profile="strict", ignore=["pods"]) == set(catalog()) - pods


def test_a_family_brings_its_options_and_yours_beat_them() -> None:
    def ownership(**arguments: object) -> str:
        return next(one.ownership for one in choose(**arguments) if one.id == "add-user")  # type: ignore[arg-type, attr-defined, no-any-return]

    assert ownership() == "auto"
    assert ownership(profile="openshift") == "openshift"
    assert ownership(profile="openshift", options={"add-user": {"uid": 2000}}) == "openshift"
    assert ownership(profile="openshift", options={"add-user": {"ownership": "app"}}) == "app"


@pytest.mark.parametrize("arguments", [{"profile": "hardened"}, {"select": ["DL9999"]}, {"ignore": ["add-usr"]}])
def test_what_nobody_knows_is_an_error(arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        harden("FROM scratch\n", **arguments)  # type: ignore[arg-type]
