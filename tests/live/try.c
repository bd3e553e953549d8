/*
 * try: the sensor with a tap that does what one would who took it over, once it is confined: linked with
 * --wrap=duty_begin, it tries what GATEWITNESS_TRY names before the first frame.
 *
 * What the kernel refuses is told on stderr as "try WHAT: ERRNO"; what it lets through as "try WHAT: done".  What ends the
 * process the monitor tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sensor/duty.h"

bool __real_duty_begin(struct duty *d);
bool __wrap_duty_begin(struct duty *d);

/* Who started us, the monitor; the other roles are beside us. */
static long
try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long
try_ledger(void)
{
	return syscall(SYS_openat, AT_FDCWD, getenv("GATEWITNESS_LEDGER"), O_WRONLY);
}

static long
try_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
}

static long
try_write_into(void)
{
	char byte = 0;
	struct iovec own = {&byte, 1}, other = {(void *)(uintptr_t)0x10000, 1};

	return syscall(SYS_process_vm_writev, getppid(), &own, 1, &other, 1, 0);
}

static long
try_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long
try_packet_socket(void)
{
	return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}

/* The capture's own socket would put a frame on the mirrored wire. */
static long
try_transmit(void)
{
	static const char frame[64];
	int type = 0, fd;
	socklen_t n = sizeof(type);

	for (fd = 3; fd < ROLE_FD_MONITOR; fd++)
		if (getsockopt(fd, SOL_PACKET, PACKET_VERSION, &type, &n) == 0)
			break;
	return syscall(SYS_write, fd, frame, sizeof(frame));
}

/* What all roles read at their start, and the keeper reads again when it was killed. */
static long
try_configuration(void)
{
	return syscall(SYS_write, ROLE_FD_FIRST, "#", 1);
}

static long
try_configuration_map(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ROLE_FD_FIRST, 0);
}

static long
try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
}

static long
try_exec(void)
{
	char *const argv[] = {(char[]){"/bin/true"}, NULL};

	return syscall(SYS_execve, argv[0], argv, NULL);
}

static long
try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long
try_kill(void)
{
	return syscall(SYS_kill, getppid(), SIGKILL);
}

static long
try_code(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static const struct {
	const char *name;
	long (*attempt)(void);
} TRIES[] = {
	{"open", try_open},
	{"ledger", try_ledger},
	{"memory", try_memory},
	{"write-into", try_write_into},
	{"socket", try_socket},
	{"packet-socket", try_packet_socket},
	{"configuration", try_configuration},
	{"configuration-map", try_configuration_map},
	{"transmit", try_transmit},
	{"fork", try_fork},
	{"exec", try_exec},
	{"ptrace", try_ptrace},
	{"kill", try_kill},
	{"code", try_code},
};

static void
attempt(const char *name)
{
	for (size_t i = 0; i < sizeof(TRIES) / sizeof(TRIES[0]); i++)
		if (strcmp(TRIES[i].name, name) == 0)
			fprintf(stderr, "try %s: %s\n", name, TRIES[i].attempt() < 0 ? strerrorname_np(errno) : "done");
}

static bool tap;

/* Before main, for afterwards nobody may ask; the C library hands the arguments over. */
__attribute__((constructor)) static void
look(int argc, char **argv)
{
	tap = argc > 2 && strstr(argv[2], ":tap:");
}

bool
__wrap_duty_begin(struct duty *d)
{
	const char *name = getenv("GATEWITNESS_TRY");
	bool begins = __real_duty_begin(d);

	if (begins && name && tap)
		attempt(name);
	return begins;
}
