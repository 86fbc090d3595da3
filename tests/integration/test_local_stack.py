"""The local stack's own promises: real broker, real PostgreSQL, real SMTP, checked jars, checked
topics.
"""

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import psutil
import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from infra.local.kafka import BrokerError, KafkaBroker
from infra.local.ports import HIGHEST, LOWEST, free_port
from infra.local.postgres import PostgresServer, PostgresUnavailable
from infra.local.smtp import RECIPIENT_HEADER, MailSink, read_messages
from kernel.kafka.topics import TopicError, check_topics, ensure_topics, events_topic, fix_topic


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for future in [producer.send(topic, value, partition=0) for value in values]:
        future.get(timeout=30)
    producer.close()


def read_all(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest"
    )
    values: list[bytes] = []
    deadline = time.monotonic() + 30
    while len(values) < count and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=200).values():
            values += [record.value for record in records]
    consumer.close()
    return values


class TestPorts:
    def test_range_and_no_repeats(self) -> None:
        """Ports lie below those of outgoing connections and are given once."""
        ports = [free_port() for _ in range(200)]
        assert len(set(ports)) == 200
        assert all(LOWEST <= port <= HIGHEST < 32_768 for port in ports)


class TestBroker:
    def test_kill_keeps_acknowledged_records(self, own_kafka: KafkaBroker) -> None:
        """What was acknowledged before a kill -9 is there after a start on the same data."""
        ensure_topics(own_kafka.bootstrap)
        values = [f"record {number}".encode() for number in range(500)]
        produce(own_kafka.bootstrap, "dossier.events", values)
        own_kafka.kill()
        assert own_kafka.pid is None
        own_kafka.start()
        assert read_all(own_kafka.bootstrap, "dossier.events", 500) == values

    def test_stop_and_start_on_other_ports(self, own_kafka: KafkaBroker) -> None:
        """A stopped broker's data serves a broker on other ports."""
        ensure_topics(own_kafka.bootstrap)
        own_kafka.stop()
        with KafkaBroker(own_kafka.data_dir, free_port()) as again:
            check_topics(again.bootstrap, [events_topic()])

    def test_pause_and_resume(self, own_kafka: KafkaBroker) -> None:
        """A paused broker accepts connections but answers nothing; resumed, it goes on."""
        ensure_topics(own_kafka.bootstrap)
        own_kafka.pause()
        with pytest.raises(Exception, match=r"(?i)time"):
            KafkaAdminClient(bootstrap_servers=own_kafka.bootstrap, bootstrap_timeout_ms=500)
        own_kafka.resume()
        check_topics(own_kafka.bootstrap, [events_topic()])

    def test_no_topic_by_itself(self, kafka: KafkaBroker) -> None:
        """A topic that nobody made is not made by asking for it."""
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.describe_topics(["never-made"])
            assert "never-made" not in admin.list_topics()

    def test_listens_on_loopback_only(self, kafka: KafkaBroker) -> None:
        """No listener of the broker is reachable from another machine."""
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(kafka.pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}

    def test_data_in_use(self, kafka: KafkaBroker) -> None:
        """A second broker on data in use is refused, and the first is left alone."""
        with pytest.raises(BrokerError, match="in use"):
            KafkaBroker(kafka.data_dir, free_port()).start()
        assert kafka.pid is not None

    def test_foreign_port(self, kafka: KafkaBroker, session_dir: Path) -> None:
        """A port where another cluster answers is never taken for one's own."""
        with pytest.raises(BrokerError, match=r"another Kafka cluster|ended with status"):
            KafkaBroker(session_dir / "foreign", kafka.port).start()

    @pytest.mark.skipif(
        sys.platform != "linux", reason="only Linux tells a child of its parent's death"
    )
    def test_dies_with_its_parent(self, session_dir: Path) -> None:
        """A broker whose parent is killed goes too, and its data starts again."""
        data, port = session_dir / "orphan", free_port()
        code = (
            "import time; from pathlib import Path; from infra.local.kafka import KafkaBroker\n"
            f"b = KafkaBroker(Path({str(data)!r}), {port})\n"
            "b.start(); print(b.pid, flush=True); time.sleep(600)"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        wait_for(lambda: not _runs(pid))
        with KafkaBroker(data, port) as again:
            assert again.pid != pid

    def test_half_formatted_data(self, session_dir: Path) -> None:
        """Storage whose formatting was interrupted is formatted again."""
        data = session_dir / "half"
        (data / "log").mkdir(parents=True)
        (data / "log" / "bootstrap.checkpoint").write_bytes(b"half")
        with KafkaBroker(data, free_port()) as broker:
            assert broker.pid is not None


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestTopics:
    def test_made_as_written(self, kafka: KafkaBroker) -> None:
        """The topic is made with its partitions and kept for ever; a second call changes
        nothing.
        """
        made = [events_topic("made.events")]
        ensure_topics(kafka.bootstrap, topics=made)
        ensure_topics(kafka.bootstrap, topics=made)
        check_topics(kafka.bootstrap, made)

    def test_missing(self, kafka: KafkaBroker) -> None:
        """A missing topic is reported with the command that makes it; the check makes nothing."""
        with pytest.raises(TopicError, match=r"absent is missing; .*: motcua topic fix"):
            check_topics(kafka.bootstrap, [events_topic("absent")])
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            assert "absent" not in admin.list_topics()

    def test_wrong_one_is_named_and_mended(self, kafka: KafkaBroker) -> None:
        """Too few partitions and a retention that loses history are both named; an empty
        topic is mended.
        """
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.create_topics({"wrong": {"num_partitions": 2}}, wait_for_metadata=True)
        with pytest.raises(
            TopicError, match=r"2 partitions, not 6; .*retention\.ms=604800000, not -1"
        ):
            ensure_topics(kafka.bootstrap, topics=[events_topic("wrong")])
        fix_topic(kafka.bootstrap, events_topic("wrong"))
        check_topics(kafka.bootstrap, [events_topic("wrong")])

    def test_partitions_of_a_used_topic_stay(self, kafka: KafkaBroker) -> None:
        """The number of partitions of a topic with records is not changed."""
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.create_topics({"used": {"num_partitions": 2}}, wait_for_metadata=True)
        produce(kafka.bootstrap, "used", [b"x"])
        with pytest.raises(TopicError, match="2 partitions, not 6"):
            fix_topic(kafka.bootstrap, events_topic("used"))

    def test_no_broker(self) -> None:
        """Without a broker the command says so in one line and ends with 1."""
        port = free_port()
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "topic", "check"],
            capture_output=True,
            text=True,
            env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"},
        )
        assert done.returncode == 1
        assert done.stderr.strip().count("\n") == 0
        assert f"no Kafka broker answers at 127.0.0.1:{port}" in done.stderr


class TestPostgres:
    def test_kill_keeps_committed_rows(self, session_dir: Path) -> None:
        """What was committed before a kill -9 is there after a start on the same data."""
        with PostgresServer(session_dir / "pg-kill", free_port()) as server:
            address = server.create_database("office").replace("+psycopg", "")
            with psycopg.connect(address) as connection:
                connection.execute(
                    "create table dossiers as select generate_series(1, 1000) as number"
                )
            server.kill()
            assert server.pid is None
            server.start()
            with psycopg.connect(address) as connection:
                row = connection.execute("select count(*) from dossiers").fetchone()
            assert row == (1000,)

    def test_lock_of_another_program(self, session_dir: Path) -> None:
        """A lock file whose pid now belongs to another program does not keep the server from
        starting.
        """
        server = PostgresServer(session_dir / "pg-lock", free_port())
        server.start()
        lock = server.data_dir / "cluster" / "postmaster.pid"
        content = lock.read_text().split("\n", 1)[1]
        server.kill()
        lock.write_text(f"{os.getpid()}\n{content}")
        server.start()
        server.stop()
        assert not lock.exists()

    def test_closed_folder(self, tmp_path: Path) -> None:
        """Root is told which folder keeps the user nobody out, and nothing is opened."""
        if os.geteuid() != 0:
            pytest.skip("only root runs PostgreSQL as another user")
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(PostgresUnavailable, match="cannot enter"):
            PostgresServer(closed / "data", free_port()).start()
        assert closed.stat().st_mode & 0o777 == 0o700

    def test_fresh_database_per_test(self, database_url: str) -> None:
        """The fixture gives an address of each kind."""
        assert database_url.startswith(("sqlite:///", "postgresql+psycopg://"))


class TestMailSink:
    def send(self, port: int, *recipients: str) -> dict[str, tuple[int, bytes]]:
        message = EmailMessage()
        message["From"] = "mot-cua@example.vn"
        message["To"] = ", ".join(recipients)
        message["Subject"] = "Hồ sơ đã được tiếp nhận"
        message.set_content("Kính gửi ông Nguyễn Văn Đặng\n")
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            return client.send_message(message, to_addrs=list(recipients))

    def test_message_is_kept_as_sent(self, mail_sink: MailSink) -> None:
        """A message can be read back with its Vietnamese text and the envelope's recipients."""
        self.send(mail_sink.port, "an@example.vn", "binh@example.vn")
        (message,) = mail_sink.messages()
        assert message["Subject"] == "Hồ sơ đã được tiếp nhận"
        assert message.get_content() == "Kính gửi ông Nguyễn Văn Đặng\n"
        assert message.get_all(RECIPIENT_HEADER) == ["an@example.vn", "binh@example.vn"]

    @pytest.mark.parametrize("code", [451, 550])
    def test_scripted_refusal(self, mail_sink: MailSink, code: int) -> None:
        """A recipient's local part decides the answer, and nothing is kept."""
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            self.send(mail_sink.port, f"{code}-nobody@example.vn")
        assert caught.value.recipients[f"{code}-nobody@example.vn"][0] == code
        assert mail_sink.messages() == []

    def test_refused_twice_then_taken(self, mail_sink: MailSink) -> None:
        """451x2- refuses two times and then accepts."""
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                self.send(mail_sink.port, "451x2-an@example.vn")
        self.send(mail_sink.port, "451x2-an@example.vn")
        assert len(mail_sink.messages()) == 1

    def test_dropped_after_data(self, mail_sink: MailSink) -> None:
        """drop- keeps the message and cuts the connection without an answer."""
        with pytest.raises(smtplib.SMTPServerDisconnected):
            self.send(mail_sink.port, "drop-an@example.vn")
        assert len(mail_sink.messages()) == 1

    def test_program(self, tmp_path: Path) -> None:
        """The program serves until SIGTERM and ends with 0; its messages stay."""
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "infra.local.smtp",
            "--port",
            str(port),
            "--dir",
            str(tmp_path),
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert f"127.0.0.1:{port}" in process.stderr.readline()
        self.send(port, "an@example.vn")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stderr.close()
        assert len(read_messages(tmp_path)) == 1
