"""split-stages for Ruby: what a Gemfile.lock asks of the system, and where the gems are."""

from pathlib import Path

import pytest

from hardenfile import harden
from hardenfile.transforms.split_stages.ruby.gems import gems_of, wanted

LOCK = "GEM\n  remote: x\n  specs:\n    pg (1.5.4)\n      odd (~> 1)\n    puma (6.4)\n\nPLATFORMS\n  ruby\n"


def converted(folder: Path, dockerfile: str) -> str:
    (folder / "Gemfile").write_text('source "https://rubygems.org"\n', "utf-8")
    (folder / "Gemfile.lock").write_text(LOCK, "utf-8")
    return harden(dockerfile.encode(), context=folder, select=["split-stages"]).after.to_bytes().decode()


def test_gems_are_the_specs_alone() -> None:
    assert gems_of(LOCK) == {"pg", "puma"}


def test_what_gems_load_is_installed() -> None:
    needs = wanted({"pg", "puma", "tzinfo"})
    assert [name for name, _ in needs.packages] == ["libpq5", "tzdata"] and not needs.doubts and needs.facts


def test_a_gem_that_nobody_knows_is_a_doubt() -> None:
    assert "odd_extension" in wanted({"odd_extension"}).doubts[0]


@pytest.mark.parametrize(
    ("step", "trees"),
    [
        ("bundle install", ["/usr/local/bundle"]),
        ("bundle install --deployment", ["/usr/local/bundle", "/app"]),
        ("bundle install --path=/gems", ["/gems", "/usr/local/bundle"]),
        ("bundle install && bundle exec rake assets:precompile", ["/usr/local/bundle", "/app"]),
    ],
)
def test_where_the_gems_are(tmp_path: Path, step: str, trees: list[str]) -> None:
    text = f'FROM ruby:3.3\nWORKDIR /app\nCOPY Gemfile* ./\nRUN {step}\nCOPY . .\nCMD ["bundle", "exec", "puma"]\n'
    after = converted(tmp_path, text)
    copies = [line.split()[2] for line in after.split("\n") if line.startswith("COPY --from=build")]
    assert copies == trees
    assert "FROM ruby:3.3-slim\n" in after and " libpq5" in after


def test_an_odd_tag_has_no_slim_image_that_is_known(tmp_path: Path) -> None:
    text = 'FROM ruby:2.7-stretch\nWORKDIR /app\nCOPY . .\nRUN bundle install\nCMD ["bundle", "exec", "puma"]\n'
    assert converted(tmp_path, text) == text
