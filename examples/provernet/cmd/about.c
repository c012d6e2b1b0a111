/* cmd/about.c - version, help, explain, completion, manpage: text from
 * tables. */
#include "../cli/cli.h"

#include <string.h>

int cmd_version(struct invocation *v)
{
    const char *features = "grpc http/1.1 h2c tls groth16/bn254@1";

    if (flag_value(v, "json"))
        printf("{\"version\":\"%s\",\"features\":\"%s\"}\n",
               provernet_version(), features);
    else
        printf("provernet %s\n", provernet_version());
    return 0;
}

int cmd_help(struct invocation *v)
{
    const struct command *c;

    if (v->positional_len == 0) {
        help_overview(stdout, flag_value(v, "all") != NULL);
        return 0;
    }
    c = find_command(v->positional[0]);
    if (!c)
        return usage_error("unknown command \"%s\"\nhelp: provernet --help",
                           v->positional[0]);
    help_command(stdout, c);
    return 0;
}

/* What to do; the sentence and the codes come from the status list. */
static const char *advice(provernet_status s)
{
    switch (s) {
    case PROVERNET_ERR_NONCE:
        return "Another signed request of the same key came first. Ask for "
               "the nonce again (GetNonce) and sign again; clients do that by "
               "themselves. A refusal uses up no nonce.";
    case PROVERNET_ERR_MISMATCH:
        return "Key and witness come from different builds of the circuit. "
               "Make the witness with the .wasm or C++ program of the same "
               "build as the .zkey.";
    case PROVERNET_ERR_FORMAT:
        return "The message names the file, the place and what was expected. "
               "Nothing was written. A file that was cut short is the usual "
               "reason: compare its size with the original's.";
    case PROVERNET_ERR_PROOF:
        return "The proof was made and did not verify: the witness does not "
               "satisfy the circuit, or the memory of this machine is faulty. "
               "Check the witness with `snarkjs wtns check`.";
    case PROVERNET_ERR_PROOF_INVALID:
        return "The three files do not belong together, or one was changed: "
               "verification key, public signals and proof must come from one "
               "circuit and one run.";
    case PROVERNET_ERR_NO_WORKER:
        return "The request waits; it is not lost. Start a worker of its kind: "
               "provernet worker HOST on a machine with enough memory.";
    case PROVERNET_ERR_CONNECT:
    case PROVERNET_ERR_UNAVAILABLE:
        return "Check the address (NETWORK_RPC_URL, --server) and that the "
               "server runs: curl http://HOST:PORT/readyz. A server that "
               "drains or starts says so there.";
    case PROVERNET_ERR_ADDRESS_IN_USE:
        return "The message names the program that holds the port. Stop it, "
               "or choose another port with --listen.";
    case PROVERNET_ERR_CONFIG:
        return "The message names file and line. provernet config explain "
               "lists every key with its range and default.";
    case PROVERNET_ERR_KEY_FILE:
        return "A key file holds 64 hexadecimal digits and is readable by its "
               "owner only: chmod 600 FILE.";
    case PROVERNET_ERR_SPACE:
    case PROVERNET_ERR_LIMIT:
        return "The message names the limit and its value. Quotas are "
               "settings: provernet config explain.";
    case PROVERNET_ERR_MEMORY_NEED:
    case PROVERNET_ERR_NOMEM:
        return "Close other programs, use --memory low, or a machine with "
               "more memory. Nothing was started.";
    case PROVERNET_ERR_SIGNATURE:
        return "The 65 bytes are not a signature r|s|v with v = 0/1, 27/28 or "
               "54/55 and a low s. provernet recover shows who signed.";
    case PROVERNET_ERR_PERMISSION:
        return "The signature is valid, but its address has no right to this: "
               "see account.allow, or sign with the owner's key.";
    case PROVERNET_ERR_INTERNAL:
        return "Please report it with the log lines around it.";
    default:
        return "The message says what was found and what was expected.";
    }
}

static void explain(provernet_status s, bool longer)
{
    static const struct {
        provernet_status value;
        int grpc, http, exit_code, retry;
    } rows[] = {
#define X(name, value, grpc, http, exit_code, retry, text)                     \
    { value, grpc, http, exit_code, retry },
        PROVERNET_STATUS_LIST(X)
#undef X
    };

    if (!longer) {
        printf("%-22s exit %-3d  %s\n", provernet_status_name(s),
               provernet_status_exit(s), provernet_status_text(s));
        return;
    }
    printf("%s: %s\n\n%s\n\n", provernet_status_name(s),
           provernet_status_text(s), advice(s));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value == s)
            printf("exit code %d, HTTP %d, gRPC code %d; asking again "
                   "unchanged %s help.\n",
                   rows[i].exit_code, rows[i].http, rows[i].grpc,
                   rows[i].retry ? "may" : "does not");
}

int cmd_explain(struct invocation *v)
{
    provernet_status s;

    if (v->positional_len == 0) {
#define X(name, value, grpc, http, exit_code, retry, text)                     \
    explain(value, false);
        PROVERNET_STATUS_LIST(X)
#undef X
        return 0;
    }
    if (provernet_status_find(v->positional[0], &s) != 0) {
        static const char *const names[] = {
#define X(name, value, grpc, http, exit_code, retry, text) #name,
            PROVERNET_STATUS_LIST(X)
#undef X
        };
        const char *near =
            nearest(v->positional[0], names, sizeof names / sizeof *names);
        return usage_error("unknown code \"%s\"\nhelp: %s%s", v->positional[0],
                           near ? "did you mean " : "provernet explain",
                           near ? near : "");
    }
    explain(s, true);
    return 0;
}

int cmd_completion(struct invocation *v)
{
    const char *shell = v->positional[0];

    if (strcmp(shell, "bash") && strcmp(shell, "zsh") && strcmp(shell, "fish"))
        return usage_error("completion for \"%s\" is not known\nhelp: bash, "
                           "zsh or fish",
                           shell);
    print_completion(stdout, shell);
    return 0;
}

int cmd_manpage(struct invocation *v)
{
    return print_manual(v->positional[0]);
}
