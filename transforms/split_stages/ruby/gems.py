"""What the gems of a Gemfile.lock ask of the system."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..survey import listed

# Packages of Debian that Ruby's full image holds, its slim one does not, and that these gems load.
_DEBIAN = {
    "pg": ("libpq5",),
    "mysql2": ("libmariadb3",),
    "sqlite3": ("libsqlite3-0",),
    "curb": ("libcurl4",),
    "ethon": ("libcurl4",),
    "typhoeus": ("libcurl4",),
    "patron": ("libcurl4",),
}
_PROGRAMS = {
    "mini_magick": "ImageMagick",
    "rmagick": "ImageMagick",
    "image_processing": "ImageMagick or libvips",
    "paperclip": "ImageMagick",
    "kt-paperclip": "ImageMagick",
    "git": "git",
    "rugged": "libgit2",
    "charlock_holmes": "ICU",
    "tiny_tds": "FreeTDS",
    "ruby-vips": "libvips",
    "selenium-webdriver": "a browser",
    "grover": "a browser",
    "puppeteer-ruby": "a browser",
    "wkhtmltopdf-binary": "libraries of X",
    "wicked_pdf": "wkhtmltopdf",
    "streamio-ffmpeg": "FFmpeg",
}
# Gems in Ruby alone, or whose extensions need the C library, OpenSSL, zlib, libffi, libyaml or GMP at most: what
# Ruby's slim image has (docker-library/ruby).
_KNOWN = frozenset(
    "actioncable actionmailbox actionmailer actionpack actiontext actionview activejob activemodel activerecord "
    "activestorage activesupport addressable arel ast aws-eventstream aws-partitions aws-sdk-core aws-sdk-kms aws- "
    "sdk-s3 aws-sigv4 base64 bcrypt bcrypt_pbkdf benchmark bigdecimal bindex bootsnap brakeman builder bundler "
    "bundler-audit byebug cancancan capybara carrierwave cgi chartkick chronic climate_control coderay coffee-rails "
    "coffee-script coffee-script-source concurrent-ruby connection_pool crack crass cssbundling-rails csv daemons "
    "dalli database_cleaner date debug devise diff-lcs docile domain_name dotenv dotenv-rails drb dry-configurable "
    "dry-core dry-inflector dry-logic dry-schema dry-types dry-validation ed25519 email_validator erb erubi erubis "
    "et-orbi eventmachine excon execjs factory_bot factory_bot_rails faker faraday faraday-net_http ffi fog-core "
    "friendly_id fugit globalid good_job grape graphql groupdate haml hashdiff hashie hiredis hiredis-client http "
    "http-cookie http-form_data http_parser.rb httparty i18n importmap-rails io-console irb jbuilder jmespath jquery- "
    "rails jsbundling-rails json json-schema jwt kamal kaminari kaminari-actionview kaminari-activerecord kaminari- "
    "core kgio language_server-protocol launchy lint_roller liquid listen logger lograge loofah mail marcel matrix "
    "method_source mime-types mime-types-data mini_mime minitest mono_logger msgpack multi_json multi_xml multipart- "
    "post mustache mustermann mutex_m net-http net-imap net-pop net-protocol net-scp net-sftp net-smtp net-ssh netrc "
    "newrelic_rpm nio4r nokogiri oauth2 observer oj omniauth omniauth-oauth2 orm_adapter ostruct ox pagy paper_trail "
    "parallel parser pg_search pp prettyprint prism prometheus-client propshaft pry pry-byebug pry-rails psych "
    "public_suffix puma pundit raabro racc rack rack-attack rack-cors rack-mini-profiler rack-protection rack-proxy "
    "rack-session rack-test rack-timeout rackup rails rails-dom-testing rails-html-sanitizer rails_12factor railties "
    "rainbow raindrops rake ransack rb-fsevent rb-inotify rdoc redcarpet redis redis-client redis-namespace "
    "regexp_parser reline responders resque rest-client rexml rouge rspec rspec-core rspec-expectations rspec-mocks "
    "rspec-rails rspec-support rubocop rubocop-ast rubocop-performance rubocop-rails ruby-progressbar ruby2_keywords "
    "rubyzip rufus-scheduler sass-rails sassc sassc-rails scenic sdoc securerandom semantic_range sentry-rails "
    "sentry-ruby sentry-sidekiq sequel shoulda-matchers sidekiq sidekiq-cron simple_form simplecov simplecov-html "
    "sinatra slack-notifier slim slop solid_cable solid_cache solid_queue spring sprockets sprockets-rails stackprof "
    "stimulus-rails stringio stripe strscan swagger-blocks tailwindcss-rails tailwindcss-ruby temple terser thin thor "
    "thread_safe thruster tilt timecop timeout trilogy tsort turbo turbo-rails turbolinks tzinfo tzinfo-data uber "
    "uglifier unf unf_ext unicode-display_width unicode-emoji unicorn uri useragent vcr view_component warden web- "
    "console webdrivers webmock webpacker webrick websocket websocket-driver websocket-extensions will_paginate xpath "
    "yajl-ruby zeitwerk zlib".split()
)
_SPEC = re.compile(r"^    ([A-Za-z0-9][\w.-]*) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`packages` are Debian's, each with the reason; `facts` and `doubts` as in Split."""

    packages: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    doubts: tuple[str, ...]


def gems_of(lock: str) -> frozenset[str]:
    """The names of the gems that a Gemfile.lock lists."""
    return frozenset(_SPEC.findall(lock.partition("\nPLATFORMS")[0]))


def wanted(gems: Iterable[str]) -> Wanted:
    """What gems need of a slim system."""
    names = frozenset(gems)
    packages = [(package, f"{name} loads it") for name in sorted(names & _DEBIAN.keys()) for package in _DEBIAN[name]]
    if "tzinfo" in names:  # tzinfo-data is for Windows mostly
        packages.append(("tzdata", "tzinfo reads it"))
    doubts = [f"{name} asks for {_PROGRAMS[name]}" for name in sorted(names & _PROGRAMS.keys())]
    doubts = [f"{one}, which the final image may not have" for one in doubts]
    unknown = names - _KNOWN - _DEBIAN.keys() - _PROGRAMS.keys()
    if unknown:
        doubts.append(f"what {listed(unknown)} may link to is not known")
    facts = () if unknown else ("Gemfile.lock: what each of its gems needs of the system is known",)
    return Wanted(tuple(dict(reversed(packages)).items())[::-1], facts, tuple(doubts))
