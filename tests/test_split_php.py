"""split-stages for PHP: what is done once more in the final stage, and in which files nothing is changed."""

from pathlib import Path

import pytest

from hardenfile import harden

HEAD = "FROM php:8.3-apache\nCOPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer\n"
TAIL = "WORKDIR /var/www/html\nCOPY . .\nRUN composer install --no-dev\n"


def converted(folder: Path, dockerfile: str) -> tuple[str, list[str]]:
    (folder / "composer.json").write_text("{}", "utf-8")
    outcome = harden(dockerfile.encode(), context=folder, select=["split-stages"])
    return outcome.after.to_bytes().decode(), [one.reason for one in outcome.refusals]


def final(text: str) -> str:
    return text.rpartition("\nFROM ")[2]


def test_composer_stays_behind(tmp_path: Path) -> None:
    after, _ = converted(tmp_path, HEAD + TAIL)
    assert final(after).startswith("php:8.3-apache\n") and "composer" not in final(after)
    assert "COPY --from=build /var/www/html /var/www/html\n" in after


@pytest.mark.parametrize(
    "step",
    [
        "a2enmod rewrite headers",
        'mv "$PHP_INI_DIR/php.ini-development" "$PHP_INI_DIR/php.ini"',
        "sed -ri 's!/var/www/html!/srv!g' /etc/apache2/sites-available/*.conf",
    ],
)
def test_settings_of_the_image_are_made_once_more(tmp_path: Path, step: str) -> None:
    after, _ = converted(tmp_path, f"{HEAD}RUN {step}\n{TAIL}")
    assert f"RUN {step}\n" in final(after)


def test_extensions_go_over_with_their_settings(tmp_path: Path) -> None:
    after, _ = converted(tmp_path, f"{HEAD}RUN docker-php-ext-install pdo_mysql\n{TAIL}")
    assert "/usr/local/lib/php/extensions" in final(after) and "/usr/local/etc/php/conf.d" in final(after)
    assert "docker-php-ext-install" not in final(after)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("test -f x && a2enmod rewrite || true", "unclear-step"),
        ("git clone https://example.com/x /opt/x", "unclear-step"),
        ("a2enmod rewrite | cat", "unclear-step"),
    ],
)
def test_what_cannot_be_repeated_is_left_alone(tmp_path: Path, step: str, reason: str) -> None:
    text = f"{HEAD}RUN {step}\n{TAIL}"
    assert converted(tmp_path, text) == (text, [reason])
