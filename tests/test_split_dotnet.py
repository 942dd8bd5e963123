"""split-stages, .NET: which image a project runs on, where it is published to, and what is read beside it."""

from pathlib import Path

import pytest

from tests.support.split import split as split_stages

WEB = (
    '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net8.0</TargetFramework>{}</PropertyGroup>{}'
    "</Project>"
)
CONSOLE = WEB.replace("Sdk.Web", "Sdk")


def split(tmp_path: Path, text: str, files: dict[str, str]) -> tuple[str, str]:
    """With what every context of the module holds."""
    return split_stages(tmp_path, text, {"Program.cs": "class P {}\n", **files})


def publish(command: str, start: str = '["dotnet", "App.dll"]', base: str = "8.0") -> str:
    return (
        f"FROM mcr.microsoft.com/dotnet/sdk:{base}\nWORKDIR /src\nCOPY . .\nRUN {command}\nWORKDIR /app\nCMD {start}\n"
    )


@pytest.mark.parametrize(
    ("project", "image"),
    [
        (WEB.format("", ""), "aspnet"),
        (CONSOLE.format("", ""), "runtime"),
        (
            CONSOLE.format("", '<ItemGroup><FrameworkReference Include="Microsoft.AspNetCore.App"/></ItemGroup>'),
            "aspnet",
        ),
        (CONSOLE.format("", '<ItemGroup><PackageReference Include="Serilog.AspNetCore"/></ItemGroup>'), "aspnet"),
        (CONSOLE.format("", '<ItemGroup><ProjectReference Include="..\\Lib\\Lib.csproj"/></ItemGroup>'), "aspnet"),
        (WEB.format("<SelfContained>true</SelfContained>", ""), "runtime-deps"),
        (WEB.format("<PublishAot>true</PublishAot>", ""), "runtime-deps"),
    ],
)
def test_the_image_is_the_one_that_the_project_needs(tmp_path: Path, project: str, image: str) -> None:
    start = '["./App"]' if image == "runtime-deps" else '["dotnet", "App.dll"]'
    safety, final = split(tmp_path, publish("dotnet publish -c Release -o /app", start), {"App.csproj": project})
    assert (safety, final.split("\n")[0]) == ("safe", f"mcr.microsoft.com/dotnet/{image}:8.0")


@pytest.mark.parametrize("tag", ["8.0-alpine3.20", "8.0-jammy", "8.0-noble-amd64", "8.0-bookworm-slim"])
def test_the_tag_stays(tmp_path: Path, tag: str) -> None:
    safety, final = split(tmp_path, publish("dotnet publish -o /app", base=tag), {"App.csproj": WEB.format("", "")})
    assert safety == "safe"
    assert final.startswith(f"mcr.microsoft.com/dotnet/aspnet:{tag}\n")


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("dotnet publish -c Release -o /app", "/app"),
        ("dotnet publish App.csproj --output=/app --no-restore", "/app"),
        ('dotnet publish "App.csproj" -c Release --output ../app /p:UseAppHost=false', "/app"),
        ("dotnet restore && dotnet build && dotnet publish ./App.csproj -o /app -p:DebugType=None", "/app"),
        ("dotnet publish App.sln -o /app", "/app"),
        ("cd /src && dotnet publish . -o /app", "/app"),
    ],
)
def test_where_it_is_published_to(tmp_path: Path, command: str, output: str) -> None:
    safety, final = split(tmp_path, publish(command), {"App.csproj": WEB.format("", ""), "App.sln": "x\n"})
    assert (safety, f"COPY --from=build {output} {output}\n" in final) == ("safe", True)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("dotnet publish -o $OUT", "artefact"),
        ("dotnet publish -o /other", "artefact"),
        ("dotnet publish", "artefact"),
        ("dotnet publish missing/App.csproj -o /app", "no-manifest"),
        ("dotnet publish -o /app && dotnet dev-certs https", "unclear-step"),
        ("dotnet publish -o /app && dotnet ef database update", "unclear-step"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, command: str, reason: str) -> None:
    assert split(tmp_path, publish(command), {"App.csproj": WEB.format("", "")})[0] == reason


@pytest.mark.parametrize("text", ['<!DOCTYPE p [<!ENTITY a "b">]><Project/>', "<Project", "<Project/>"])
def test_a_project_that_is_not_read_is_refused(tmp_path: Path, text: str) -> None:
    assert split(tmp_path, publish("dotnet publish -o /app"), {"App.csproj": text})[0] == "artefact"


def test_a_shared_file_gives_properties(tmp_path: Path) -> None:
    properties = "<TargetFramework>net8.0</TargetFramework><AssemblyName>Acme</AssemblyName>"
    shared = f"<Project><PropertyGroup>{properties}</PropertyGroup></Project>"
    files = {"App.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"/>', "Directory.Build.props": shared}
    assert split(tmp_path, publish("dotnet publish -o /app", '["dotnet", "Acme.dll"]'), files)[0] == "safe"


def test_a_path_among_the_sources_is_a_doubt(tmp_path: Path) -> None:
    files = {"App.csproj": WEB.format("", ""), "Data.cs": 'class D { string p = "/src/data/x.csv"; }\n'}
    assert "names a path among the sources" in split(tmp_path, publish("dotnet publish -o /app"), files)[0]
