/*
 * What each role may and may not do, tried: each attempt in a process of its own, confined as that role is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor/confine.h"

#ifndef SYS_mmap /* arm of 32 bits has the other one alone */
#define SYS_mmap SYS_mmap2
#endif

enum { KILLED = -1, DONE = 0 }; /* else the errno that it got */

static char folder[64], file[96];

/* All by syscall(2): what is tried is the kernel's answer, not libc's care. */
static long
attempt_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY);
}
static long
attempt_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, 0600);
}
static long
attempt_create_outside(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/var/tmp/gatewitness-outside", O_WRONLY | O_CREAT, 0600);
}
static long
attempt_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
static long
attempt_packet_socket(void)
{
	return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}
static long
attempt_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}
static long
attempt_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid;
}
static long
attempt_exec(void)
{
	char *const argv[] = {"/bin/true", NULL};

	return syscall(SYS_execve, argv[0], argv, NULL);
}
static long
attempt_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long
attempt_kill(void)
{
	return syscall(SYS_kill, getppid(), 0);
}
static long
attempt_tgkill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static long
attempt_tgkill_self(void)
{
	return syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
}
static long
attempt_write_into(void)
{
	return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}
static long
attempt_map_code(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static long
attempt_map_data(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static long
attempt_make_code(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_mprotect, m, 4096, PROT_READ | PROT_EXEC);
}
static long
attempt_type(void) /* into the terminal that the sensor was started from */
{
	return syscall(SYS_ioctl, 0, TIOCSTI, "x");
}
static long
attempt_send(void) /* what a descriptor below those of the monitor might be: the capture's */
{
	return syscall(SYS_write, 150, "x", 1);
}
static long
attempt_tell(void)
{
	return syscall(SYS_write, ROLE_FD_MONITOR, "x", 1);
}
static long
attempt_privileges(void)
{
	return syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static long
attempt_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWNET);
}
static long
attempt_clock(void) /* to a time that is none: where it is let through, it changes nothing */
{
	const struct timespec never = {.tv_nsec = -1};

	return syscall(SYS_clock_settime, CLOCK_REALTIME, &never);
}

static int
outcome(enum role role, long (*attempt)(void))
{
	const struct confine_path paths[] = {{folder, role == ROLE_keeper}};
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {0, 0};
		int null = open("/dev/null", O_WRONLY);

		setrlimit(RLIMIT_CORE, &none);
		dup2(null, 150);
		dup2(null, ROLE_FD_MONITOR);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    (confine_landlock() && !confine_paths(role, paths, 1)) || !confine_calls(role))
			_exit(200);
		_exit(attempt() < 0 ? errno : DONE);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	return WEXITSTATUS(status);
}

struct trial {
	const char *what;
	long (*attempt)(void);
	int result;
};

static void
try_all(enum role role, const struct trial *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int got = outcome(role, t[i].attempt);

		if (got != t[i].result)
			fail_msg("%s: %s: wanted %d, got %d", ROLE_RIGHTS[role].name, t[i].what, t[i].result, got);
	}
}

static void
a_tap_reads_and_tells(void **state)
{
	static const struct trial T[] = {
		{"open a file", attempt_open, EACCES},
		{"make a file", attempt_create, EACCES},
		{"a socket", attempt_socket, KILLED},
		{"a packet socket", attempt_packet_socket, KILLED},
		{"fork", attempt_fork, KILLED},
		{"clone3", attempt_clone3, ENOSYS},
		{"exec", attempt_exec, KILLED},
		{"ptrace", attempt_ptrace, KILLED},
		{"kill", attempt_kill, KILLED},
		{"tgkill another", attempt_tgkill, KILLED},
		{"tgkill itself", attempt_tgkill_self, DONE},
		{"write into another process", attempt_write_into, KILLED},
		{"map code", attempt_map_code, KILLED},
		{"make code of data", attempt_make_code, KILLED},
		{"map data", attempt_map_data, DONE},
		{"type into the terminal", attempt_type, KILLED},
		{"transmit", attempt_send, KILLED},
		{"tell the monitor", attempt_tell, DONE},
		{"prctl", attempt_privileges, KILLED},
	};

	(void)state;
	try_all(ROLE_tap, T, sizeof(T) / sizeof(T[0]));
}

static void
a_keeper_writes_its_files(void **state)
{
	const struct trial always[] = {
		{"make a file of its own", attempt_create, DONE},
		{"a socket", attempt_socket, EACCES},
		{"fork", attempt_fork, KILLED},
		{"exec", attempt_exec, KILLED},
		{"ptrace", attempt_ptrace, KILLED},
		{"kill", attempt_kill, KILLED},
		{"map code", attempt_map_code, EACCES},
		{"make code of data", attempt_make_code, EACCES},
		{"type into the terminal", attempt_type, KILLED},
	};
	const struct trial landlock[] = {
		{"open a file of others", attempt_open, EACCES},
		{"make a file elsewhere", attempt_create_outside, EACCES},
	};

	(void)state;
	try_all(ROLE_keeper, always, sizeof(always) / sizeof(always[0]));
	if (confine_landlock())
		try_all(ROLE_keeper, landlock, sizeof(landlock) / sizeof(landlock[0]));
}

static void
a_courier_speaks_and_writes_nothing(void **state)
{
	const struct trial always[] = {
		{"a socket", attempt_socket, DONE},
		{"fork", attempt_fork, KILLED},
		{"exec", attempt_exec, KILLED},
		{"ptrace", attempt_ptrace, KILLED},
	};
	const struct trial landlock[] = {
		{"make a file", attempt_create, EACCES},
		{"open a file of others", attempt_open, EACCES},
	};

	(void)state;
	try_all(ROLE_courier, always, sizeof(always) / sizeof(always[0]));
	if (confine_landlock())
		try_all(ROLE_courier, landlock, sizeof(landlock) / sizeof(landlock[0]));
}

/* It takes what connects to it, and that is all. */
static void
a_desk_answers_and_calls_nobody(void **state)
{
	static const struct trial T[] = {
		{"open a file", attempt_open, EACCES}, {"make a file", attempt_create, EACCES},
		{"a socket", attempt_socket, EACCES},  {"fork", attempt_fork, KILLED},
		{"exec", attempt_exec, KILLED},        {"ptrace", attempt_ptrace, KILLED},
		{"kill", attempt_kill, KILLED},        {"map code", attempt_map_code, EACCES},
	};

	(void)state;
	try_all(ROLE_desk, T, sizeof(T) / sizeof(T[0]));
}

/* It starts the others, and they their own lives: what it is refused, they are. */
static void
a_monitor_starts_and_changes_nothing(void **state)
{
	static const struct trial T[] = {
		{"fork", attempt_fork, DONE},
		{"kill", attempt_kill, DONE},
		{"ptrace", attempt_ptrace, EACCES},
		{"write into another process", attempt_write_into, EACCES},
		{"another namespace", attempt_unshare, EACCES},
		{"the clock", attempt_clock, EACCES},
	};

	(void)state;
	try_all(ROLE_monitor, T, sizeof(T) / sizeof(T[0]));
}

static void
rights_are_gone(void **state)
{
	char line[256], error[CONFINE_ERROR_MAX];
	unsigned seen = 0;
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct rlimit core;
		FILE *f;

		if (!confine_rights(ROLE_tap, error) || getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
			_exit(1);
		if (geteuid() == 0 || setuid(0) == 0)
			_exit(2);
		f = fopen("/proc/self/status", "r");
		while (f && fgets(line, sizeof(line), f))
			seen += strcmp(line, "CapEff:\t0000000000000000\n") == 0 ||
				strcmp(line, "CapPrm:\t0000000000000000\n") == 0 ||
				strcmp(line, "NoNewPrivs:\t1\n") == 0;
		_exit(seen == 3 ? 0 : 3);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A name with a slip would be left out in silence. */
static void
every_call_is_one(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < ROLE_SETS; i++)
		for (const char *at = ROLE_CALLS[i].calls; *at; at += strspn(at, " ")) {
			size_t n = strcspn(at, " ");

			assert_true(n < sizeof(name));
			snprintf(name, sizeof(name), "%.*s", (int)n, at);
			if (!confine_knows(name))
				fail_msg("role.def: %s: no such call", name);
			at += n;
		}
	assert_false(confine_knows("opn"));
	assert_false(confine_knows("mmap:nothing"));
}

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/confine.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/file", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(file);
	unlink("/var/tmp/gatewitness-outside");
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_is_one),
		cmocka_unit_test(a_tap_reads_and_tells),
		cmocka_unit_test(a_keeper_writes_its_files),
		cmocka_unit_test(a_courier_speaks_and_writes_nothing),
		cmocka_unit_test(a_desk_answers_and_calls_nobody),
		cmocka_unit_test(a_monitor_starts_and_changes_nothing),
		cmocka_unit_test(rights_are_gone),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
