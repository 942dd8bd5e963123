"""split-stages, Java: the name of the jar, the image with the runtime, and what starts, as people write them."""

from pathlib import Path

import pytest

from hardenfile import Change, Safety, harden

MAIN = {"src/main/java/Main.java": "class Main {}\n"}
BOOT = (
    "<plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId>"
    "<executions><execution><goals><goal>repackage</goal></goals></execution></executions></plugin>"
)
GRADLE = "plugins {\n  id 'java'\n  id 'org.springframework.boot' version '3.3.4'\n}\n"


def pom(body: str = "", plugins: str = BOOT, name: str = "app", version: str = "1.0") -> str:
    return (
        f"<project><artifactId>{name}</artifactId><version>{version}</version>{body}"
        f"<build><plugins>{plugins}</plugins></build></project>"
    )


CLASSIFIER = "<configuration><classifier>exec</classifier></configuration>"
ASSEMBLY = "<descriptorRefs><descriptorRef>jar-with-dependencies</descriptorRef></descriptorRefs>"


def plugin(name: str, goal: str, configuration: str) -> str:
    return (
        f"<plugin><artifactId>maven-{name}-plugin</artifactId><configuration>{configuration}</configuration>"
        f"<executions><execution><goals><goal>{goal}</goal></goals></execution></executions></plugin>"
    )


def split(tmp_path: Path, text: str, files: dict[str, str]) -> tuple[str, str, str]:
    """What FROM of the final stage names, the safety, and the copies or the refusal."""
    for name, content in {**MAIN, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    outcome = harden(text.encode(), path="Dockerfile", context=tmp_path, select=["split-stages"], unsafe=True)
    if not outcome.changed:
        (refusal,) = outcome.refusals
        return "", refusal.reason, refusal.message
    change: Change = outcome.changes[0]
    again = harden(outcome.after.to_bytes(), path="Dockerfile", context=tmp_path, select=["split-stages"], unsafe=True)
    assert not again.changed
    final = outcome.after.to_bytes().decode().partition(" AS build\n")[2].partition("FROM ")[2]
    copies = [line.removeprefix("COPY --from=build ") for line in final.split("\n") if line.startswith("COPY --from")]
    safety = "safe" if change.safety is Safety.SAFE else change.why
    return final.split("\n")[0], safety, " | ".join(copies)


def maven(start: str, base: str = "maven:3.9-eclipse-temurin-21", run: str = "mvn package", more: str = "") -> str:
    return f"FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {run}\n{more}{start}\n"


def jar(name: str) -> str:
    return f'CMD ["java", "-jar", "target/{name}"]'


@pytest.mark.parametrize(
    ("base", "runtime"),
    [
        ("maven:3-eclipse-temurin-21", "eclipse-temurin:21-jre"),
        ("maven:3.9.9-eclipse-temurin-17-alpine", "eclipse-temurin:17-jre-alpine"),
        ("maven:3.9-eclipse-temurin-21-noble", "eclipse-temurin:21-jre-noble"),
        ("eclipse-temurin:21", "eclipse-temurin:21-jre"),
        ("eclipse-temurin:17-jdk-jammy", "eclipse-temurin:17-jre-jammy"),
        ("eclipse-temurin:21.0.5_11-jdk-alpine-3.20", "eclipse-temurin:21.0.5_11-jre-alpine-3.20"),
        (
            "public.ecr.aws/docker/library/eclipse-temurin:21-jdk",
            "public.ecr.aws/docker/library/eclipse-temurin:21-jre",
        ),
        ("ibm-semeru-runtimes:open-17-jdk", "ibm-semeru-runtimes:open-17-jre"),
        ("gradle:8.10-jdk21-alpine", "eclipse-temurin:21-jre-alpine"),
    ],
)
def test_the_runtime_is_of_the_same_release_and_family(tmp_path: Path, base: str, runtime: str) -> None:
    found = split(tmp_path, maven(jar("app-1.0.jar"), base), {"pom.xml": pom()})
    assert found == (runtime, "safe", "/app/target/app-1.0.jar /app/target/app-1.0.jar")


@pytest.mark.parametrize("base", ["openjdk:17-jdk-slim", "amazoncorretto:17", "openjdk:17-jdk-alpine", "openjdk:17"])
def test_another_build_of_java_is_for_a_person_to_look_at(tmp_path: Path, base: str) -> None:
    runtime, safety, _ = split(tmp_path, maven(jar("app-1.0.jar"), base, "./mvnw package"), {"pom.xml": pom()})
    assert runtime == ("eclipse-temurin:17-jre-alpine" if "alpine" in base else "eclipse-temurin:17-jre")
    assert "another build of Java 17" in safety


@pytest.mark.parametrize("base", ["maven:3", "maven:latest", "gradle:8", "eclipse-temurin:latest"])
def test_a_tag_that_hides_the_release_is_refused(tmp_path: Path, base: str) -> None:
    assert split(tmp_path, maven(jar("app-1.0.jar"), base), {"pom.xml": pom()})[1] == "no-runtime"


@pytest.mark.parametrize(
    ("base", "runtime"),
    [
        ("maven:3.9-eclipse-temurin-${JAVA}", "eclipse-temurin:${JAVA}-jre"),
        ("eclipse-temurin:${JAVA}-jdk", "eclipse-temurin:${JAVA}-jre"),
    ],
)
def test_a_build_argument_moves_both_stages(tmp_path: Path, base: str, runtime: str) -> None:
    text = "ARG JAVA=21\n" + maven(jar("app-1.0.jar"), base)
    assert split(tmp_path, text, {"pom.xml": pom()})[:2] == (runtime, "safe")


def test_a_build_argument_that_holds_more_than_the_release_is_told(tmp_path: Path) -> None:
    text = "ARG TAG=3.9-eclipse-temurin-21\n" + maven(jar("app-1.0.jar"), "maven:${TAG}")
    assert "would not follow it" in split(tmp_path, text, {"pom.xml": pom()})[1]


def test_a_user_with_the_number_that_newer_images_give_away_gets_an_older_release(tmp_path: Path) -> None:
    text = maven(jar("app-1.0.jar"), more="RUN useradd -u 1000 app\nUSER app\n")
    assert split(tmp_path, text, {"pom.xml": pom()})[0] == "eclipse-temurin:21-jre-jammy"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (pom(), "app-1.0.jar"),
        (pom().replace("<build>", "<build><finalName>${project.artifactId}</finalName>"), "app.jar"),
        (pom("<properties><v>3</v></properties>", version="${v}"), "app-3.jar"),
        (pom(plugins=BOOT.replace("<executions>", CLASSIFIER + "<executions>")), "app-1.0-exec.jar"),
        (pom(plugins=plugin("assembly", "single", ASSEMBLY)), "app-1.0-jar-with-dependencies.jar"),
        (pom(plugins=plugin("shade", "shade", "<finalName>fat</finalName>")), "fat.jar"),
    ],
)  # fmt: skip
def test_the_name_of_the_jar_is_the_one_that_the_pom_gives(tmp_path: Path, text: str, name: str) -> None:
    assert split(tmp_path, maven(jar(name)), {"pom.xml": text})[1] == "safe"
    assert split(tmp_path, maven(jar("other.jar")), {"pom.xml": text})[1] == "artefact"


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (pom(version="${env.BUILD}"), "cannot be told"),
        (
            pom("<parent><groupId>a</groupId><artifactId>acme-parent</artifactId><version>1</version></parent>"),
            "acme-parent",
        ),
        (pom(plugins=""), "no plugin"),
    ],
)
def test_what_the_pom_does_not_tell_is_a_doubt(tmp_path: Path, text: str, because: str) -> None:
    assert because in split(tmp_path, maven(jar("app-1.0.jar")), {"pom.xml": text})[1]


@pytest.mark.parametrize(
    "text", ['<!DOCTYPE p [<!ENTITY a "b">]><project/>', "<project>", "<project/>" + " " * 1_000_001]
)
def test_a_pom_that_is_not_read_is_refused(tmp_path: Path, text: str) -> None:
    assert split(tmp_path, maven(jar("app-1.0.jar")), {"pom.xml": text})[1] in ("artefact", "no-manifest")


@pytest.mark.parametrize(
    ("run", "start", "path"),
    [
        ("mvn package && mv target/*.jar app.jar", 'CMD ["java", "-jar", "app.jar"]', "/app/app.jar"),
        ("mvn package && cp target/app-1.0.jar /srv/", 'CMD ["java", "-jar", "/srv/app-1.0.jar"]', "/srv/app-1.0.jar"),
        ("mvn -f pom.xml package", "ENTRYPOINT exec java $OPTS -jar target/app-1.0.jar", "/app/target/app-1.0.jar"),
        ("mvn package", 'ENTRYPOINT ["java", "-jar"]\nCMD ["target/app-1.0.jar"]', "/app/target/app-1.0.jar"),
        ("mvn package", "CMD cd target && java -jar app-1.0.jar", "/app/target/app-1.0.jar"),
        ("mvn package", 'CMD ["java", "-Dx=y", "-cp", "target/app-1.0.jar", "Main"]', "/app/target/app-1.0.jar"),
        ("sh mvnw package && rm -rf ~/.m2 && rm -rf src", jar("app-1.0.jar"), "/app/target/app-1.0.jar"),
    ],
)
def test_ways_to_start_it(tmp_path: Path, run: str, start: str, path: str) -> None:
    found = split(tmp_path, maven(start, run=run), {"pom.xml": pom()})
    assert found[1:] == ("safe", f"{path} {path}")


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("CMD java -jar $JAR", "artefact"),
        ('CMD ["java", "@options"]', "artefact"),
        ('CMD ["/usr/lib/jvm/java/bin/java", "-jar", "target/app-1.0.jar"]', "missing-program"),
        ('CMD ["java", "-XX:SharedArchiveFile=app.jsa", "-jar", "target/app-1.0.jar"]', "artefact"),
        ('CMD ["java", "-cp", "lib/*:target/app-1.0.jar", "Main"]', "artefact"),
        ('CMD ["java", "-jar", "other/app.jar"]', "artefact"),
        ("CMD ./mvnw spring-boot:run", "builds-at-start"),
        (f"RUN mvn package && rm -rf target\n{jar('app-1.0.jar')}", "artefact"),
        ('ENV JAVA_HOME=/opt/jdk\nCMD ["java", "-jar", "target/app-1.0.jar"]', "contract"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, start: str, reason: str) -> None:
    assert split(tmp_path, maven(start), {"pom.xml": pom()})[1] == reason


@pytest.mark.parametrize(
    ("build", "run", "name"),
    [
        (GRADLE + "version = '1.2'\n", "gradle bootJar", "shop-1.2.jar"),
        (GRADLE, "gradle build", "shop.jar"),
        (GRADLE + "bootJar { archiveFileName = 'app.jar' }\n", "./gradlew build -x test", "app.jar"),
        (
            GRADLE + 'tasks.named<BootJar>("bootJar") {\n  archiveFileName.set("app.jar")\n}\n',
            "gradle build",
            "app.jar",
        ),
        (GRADLE + "// version = '9'\nversion '2'\n", "gradle clean bootJar", "shop-2.jar"),
        ("plugins { id 'com.gradleup.shadow' version '8.3.0' }\nversion='1'\n", "gradle shadowJar", "shop-1-all.jar"),
        (
            "apply plugin: 'java'\njar {\n  manifest { attributes 'Main-Class': 'Main' }\n"
            "  from { configurations.runtimeClasspath.collect { zipTree(it) } }\n}\n",
            "gradle jar",
            "shop.jar",
        ),
    ],
)
def test_gradle_names_the_jar(tmp_path: Path, build: str, run: str, name: str) -> None:
    files = {"build.gradle": build, "settings.gradle": "rootProject.name = 'shop'\n"}
    text = maven(f'CMD ["java", "-jar", "build/libs/{name}"]', "gradle:8.10-jdk21", run)
    path = f"/app/build/libs/{name}"
    assert split(tmp_path, text, files) == ("eclipse-temurin:21-jre", "safe", f"{path} {path}")


def test_without_settings_a_project_is_called_like_its_folder(tmp_path: Path) -> None:
    text = maven('CMD ["java", "-jar", "build/libs/app.jar"]', "gradle:8.10-jdk21", "gradle bootJar")
    assert split(tmp_path, text, {"build.gradle": GRADLE})[1] == "safe"


def test_the_working_directory_of_the_gradle_image_stays(tmp_path: Path) -> None:
    for name, content in {**MAIN, "build.gradle": GRADLE, "settings.gradle": "rootProject.name = 'shop'\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    text = 'FROM gradle:8.10-jdk21\nCOPY . .\nRUN gradle bootJar\nCMD ["java", "-jar", "build/libs/shop.jar"]\n'
    outcome = harden(text.encode(), path="Dockerfile", context=tmp_path, select=["split-stages"])
    assert "FROM eclipse-temurin:21-jre\nWORKDIR /home/gradle\n" in outcome.after.to_bytes().decode()


def test_a_debugger_may_be_missing(tmp_path: Path) -> None:
    start = 'CMD ["java", "-agentlib:jdwp=transport=dt_socket", "-jar", "target/app-1.0.jar"]'
    assert "-agentlib:jdwp" in split(tmp_path, maven(start), {"pom.xml": pom()})[1]


def test_mavens_own_configuration_file_gives_properties(tmp_path: Path) -> None:
    files = {"pom.xml": pom(version="${revision}"), ".mvn/maven.config": "-Drevision=7\n"}
    assert split(tmp_path, maven(jar("app-7.jar")), files)[1] == "safe"


def test_settings_that_name_a_file_take_it_along(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(),
        "src/main/resources/application.yml": "server:\n  ssl:\n    key-store: file:keys/store.p12\n",
        "keys/store.p12": "x",
        "k8s/deploy.yaml": "apiVersion: v1\nkind: Pod\n",
        "data.yaml": "x: y\n",
    }
    _, safety, copies = split(tmp_path, maven(jar("app-1.0.jar")), files)
    assert copies.endswith("| /app/keys /app/keys")
    assert safety == "nothing was seen to name /app/data.yaml, which the final image would not have any more"
