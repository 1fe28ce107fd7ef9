import errno
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from syndr import __version__
from syndr.cli import features, whole
from syndr.errors import InputError, StoreError, lack_of_memory

COMMANDS = (
    "demo", "distort", "extract", "select", "synthesize", "downsample", "train", "evaluate", "score", "report", "run",
    "doctor", "store verify", "store merge", "store append", "store select", "store export", "store import",
    "datasets", "train-distortion-classifier", "select-types",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(syndr, command):
    ended = syndr(*command.split(), "--help")
    assert ended.code == 0
    assert f"syndr {command}" in ended.out.split("Example:")[1]


def test_no_arguments_shows_the_commands(syndr):
    ended = syndr()
    assert ended.code == 0
    assert all(command.split()[0] in ended.out for command in COMMANDS)


def test_version(syndr):
    assert syndr("--version").out.strip() == f"syndr {__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["downsample"], "Missing argument"),
        (["downsample", "x.npy", "--rule", "best"], "--rule"),
        (["downsample", "absent.npy"], "absent.npy"),
        (["run", "absent.toml"], "absent.toml"),
        (["nonsense"], "nonsense"),
        (["score", "absent.png", "--model", __file__], "absent.png"),
        (["select", "--references", __file__, "--candidates", __file__, "-o", "x.xlsx"], "cannot write a sample table"),
        (["train", __file__, "--device", "abacus"], "cannot be used here"),
    ],
)
def test_bad_arguments_end_with_2_and_one_line(syndr, arguments, message):
    ended = syndr(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_names_of_files_are_shown_as_they_are(syndr):
    assert ":cat:.npy" in syndr("downsample", ":cat:.npy").err


def test_a_failure_that_is_no_argument_ends_with_1(syndr, tmp_path):
    ended = syndr("report", tmp_path)
    assert ended.code == 1
    assert ended.err.startswith("error: ")


def test_ctrl_c_ends_with_130_and_says_that_work_is_kept(syndr, monkeypatch, tmp_path):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("syndr.report.write_report", interrupted)
    ended = syndr("report", tmp_path)
    assert ended.code == 130
    assert "finished work is kept" in ended.err


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no room for 3 GB"),
        OSError(errno.ENOMEM, "no room for 3 GB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: no room for 3 GB"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object: no room for 3 GB"),
        OSError("libtorch_global_deps.so: failed to map segment from shared object: no room for 3 GB"),
        pa.ArrowMemoryError("no room for 3 GB"),
    ],
)
def test_a_lack_of_memory_is_told_for_what_it_is_whatever_it_was_taken_for(syndr, monkeypatch, tmp_path, error):
    def taken_for_a_damaged_file(*arguments):
        raise InputError("x.npy: cannot be read") from error

    monkeypatch.setattr("syndr.report.write_report", taken_for_a_damaged_file)
    ended = syndr("report", tmp_path)
    assert ended.code == 1
    first, second = ended.err.splitlines()
    assert first.startswith("error: not enough memory (") and "no room for 3 GB" in first and "run it again" in first
    assert second == "it came up as: x.npy: cannot be read"


def in_a_process(body, tmp_path):
    """Run a command that does this, in a process of its own."""
    code = f"""if True:
        import os, sys, threading
        import numpy as np
        import syndr.report
        from syndr.cli import main
        def report(*arguments):
            {body}
        syndr.report.write_report = report
        sys.argv = ["syndr", "report", {str(tmp_path)!r}]
        main()
    """
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="there, no mapped file can be cut off")
def test_a_mapped_file_that_is_cut_off_is_named(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.ones((4096, 8)))
    name = repr(str(file))
    ended = in_a_process(f"rows = np.load({name}, mmap_mode='r'); os.truncate({name}, 128); rows.sum()", tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {file}: cut short") and "run it again" in ended.stderr


def test_a_thread_that_dies_of_a_lack_of_memory_is_not_waited_for(tmp_path):
    body = "threading.Thread(target=bytes, args=(1 << 62,)).start(); threading.Event().wait()"
    ended = in_a_process(body, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: not enough memory (") and "run it again" in ended.stderr


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file", "out of memory.png"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        ImportError("libgomp.so.1: cannot allocate memory in static TLS block"),
        StoreError("out of memory.png: damaged"),
    ],
)
def test_words_about_memory_alone_are_no_lack_of_it(error):
    assert lack_of_memory(error) is None


def test_doctor_names_kernels_codecs_and_extras(syndr):
    found = syndr("doctor", "--json").json
    assert found["problems"] == []
    assert "portable" in found["parts"]["native kernels"]
    assert "JPEG 2000" in found["parts"]["codecs"]
    assert "torch" in found["parts"]


def test_doctor_reports_two_owners_of_one_module(syndr, monkeypatch):
    monkeypatch.setattr("syndr.doctor._version", lambda name: "1.0" if name.startswith("faiss") else None)
    ended = syndr("doctor")
    assert ended.code == 1
    assert "both own the module faiss" in ended.out
    assert "pip install 'syndr[torch]'" in ended.out


def test_every_command_is_tested():
    from syndr.cli import curate, learn, pictures, target_types, thin

    modules = (whole, pictures, features, curate, thin, learn, target_types)
    named = {command.__name__.replace("_", "-") for module in modules for command in module.COMMANDS}
    named |= {f"store {command.name}" for command in features.store_app.registered_commands}
    assert named | {"datasets"} == set(COMMANDS)


def test_a_file_in_the_way_is_one_line(syndr, tmp_path):
    import numpy as np

    np.save(tmp_path / "x.npy", np.eye(3))
    (tmp_path / "blocker").touch()
    ended = syndr("downsample", tmp_path / "x.npy", "-o", tmp_path / "blocker" / "t.csv")
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
