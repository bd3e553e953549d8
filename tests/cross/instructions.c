/*
 * A plugin of QEMU's user mode: how many instructions a program of another processor executed, written to the file that
 * INSTRUCTIONS names when it ends.  The same on two machines, and on a busy one; says nothing about time.
 *
 *	gcc -O2 -shared -fPIC instructions.c -o instructions.so
 *	INSTRUCTIONS=count qemu-aarch64 -plugin ./instructions.so PROGRAM ...
 *
 * Debian 12 ships no header of the plugin interface, so what is used of it (version 1, QEMU 4.2 to 8) is declared here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb; /* a block of instructions, translated once and executed often */
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void tb_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void at_exit(qemu_plugin_id_t id, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_translated *call);
void
qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *to, uint64_t add);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, at_exit *call, void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

EXPORT int qemu_plugin_version = 1;
static uint64_t executed;

static void
count(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &executed, qemu_plugin_tb_n_insns(tb));
}

static void
write_count(qemu_plugin_id_t id, void *arg)
{
	const char *path = getenv("INSTRUCTIONS");
	FILE *f = path ? fopen(path, "w") : NULL;

	(void)id;
	(void)arg;
	if (!f)
		return;
	fprintf(f, "%llu\n", (unsigned long long)executed);
	fclose(f);
}

EXPORT int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, count);
	qemu_plugin_register_atexit_cb(id, write_count, NULL);
	return 0;
}
