/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest agent's client against agents of every kind. */
#include "agent/client.h"

#include <string.h>

#include "agent-fake.h"
#include "agent/frame.h"
#include "util/json.h"
#include "util/vir-error.h"

#define SAY(fake, text) agent_fake_say((fake), (text), strlen(text))

/* What the agent does when it is not asked to synchronise. */
typedef struct Way {
    const char *reply;  /* NULL: none */
    const char *before; /* said before each answer to a synchronisation */
    gint64 delta;       /* of its IDs */
    gboolean silent;    /* not even a synchronisation is answered */
    gboolean dies;      /* in the midst of its answer */
    gboolean endless;   /* its answer is; to everything if silent, too */
    const char *late;   /* the first command is answered by the next synchronisation */
} Way;

static gboolean endless(AgentFake *fake)
{
    g_autofree char *text = g_malloc(65536);

    memset(text, ' ', 65536);
    while (agent_fake_say(fake, text, 65536)) {
    }
    return FALSE;
}

static gboolean act(AgentFake *fake, const char *line, gpointer opaque)
{
    Way *way = opaque;

    if (way->silent) {
        return !way->endless || endless(fake);
    }
    if (strstr(line, "guest-sync")) {
        if (way->before) {
            SAY(fake, way->before);
        }
        return agent_fake_sync(fake, line, way->delta);
    }
    if (way->endless) {
        return endless(fake);
    }
    if (way->late) {
        way->before = way->late;
        way->late = NULL;
        return TRUE;
    }
    if (way->reply) {
        SAY(fake, way->reply);
    }
    return !way->dies;
}

/* A call to such an agent; the answer as text, or the code of the error. */
static char *call(AgentClient *client, AgentFake *fake, const AgentRequest *how,
                  int *code)
{
    AgentRequest request = *how;
    g_autoptr(JsonObject) reply = NULL;
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(GError) err = NULL;

    request.path = agent_fake_path(fake);
    request.text = "{\"execute\":\"guest-x\"}";
    request.name = "guest-x";
    if (!agent_client_call(client, &request, &reply, &err)) {
        g_assert_cmpint(err->domain, ==, RPC_ERROR);
        g_assert_null(reply);
        *code = err->code;
        return g_strdup(err->message);
    }
    *code = 0;
    if (!reply) {
        return NULL;
    }
    json_node_set_object(node, reply);
    return json_to_string(node, FALSE);
}

static const AgentRequest patient = { .sync_seconds = 30, .seconds = 30 };

#define OK "{\"return\": {}}\n"

static const struct {
    const char *name;
    Way way;
    AgentRequest request;
    int code;
    const char *text; /* of answer or error */
} cases[] = {
    { "plain",
      { .reply = OK },
      { .sync_seconds = 30, .seconds = 30 },
      0,
      "{\"return\":{}}" },
    { "block",
      { .reply = OK },
      { .sync_seconds = -1, .seconds = -2 },
      0,
      "{\"return\":{}}" },
    { "events",
      { .reply = "\n{\"event\": \"X\"}\r\n\xff{\"return\": [1, \"a/b\"]}\r\n" },
      { .sync_seconds = 30, .seconds = 30 },
      0,
      "{\"return\":[1,\"a/b\"]}" },
    { "noise",
      { .reply = OK, .before = "{\"return\": 1}\nrubbish \xff\xff{\"return\": 7}\nx" },
      { .sync_seconds = 30, .seconds = 30 },
      0,
      "{\"return\":{}}" },
    { "silent",
      { .silent = TRUE },
      { .seconds = 30 },
      VIR_ERR_AGENT_UNRESPONSIVE,
      "synchronization within '0' seconds" },
    { "wrong-id",
      { .delta = 1, .reply = OK },
      { .seconds = 30 },
      VIR_ERR_AGENT_UNRESPONSIVE,
      "synchronization within '0' seconds" },
    { "endless-noise",
      { .silent = TRUE, .endless = TRUE },
      { .sync_seconds = 60, .seconds = 30 },
      VIR_ERR_AGENT_UNRESPONSIVE,
      "sent more than 16777216 bytes" },
    { "no-answer",
      { .reply = NULL },
      { .sync_seconds = 30, .seconds = 0 },
      RPC_ERR_AGENT_COMMAND_TIMEOUT,
      "to command within '0' seconds" },
    { "half-answer",
      { .reply = "{\"return\":" },
      { .sync_seconds = 30, .seconds = 1 },
      RPC_ERR_AGENT_COMMAND_TIMEOUT,
      "to command within '1' seconds" },
    { "endless-answer",
      { .endless = TRUE },
      { .sync_seconds = 30, .seconds = 60 },
      VIR_ERR_SYSTEM_ERROR,
      "No complete agent response found in 10485760 bytes" },
    { "no-json",
      { .reply = "{return}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_AGENT_UNSYNCED,
      "no JSON" },
    { "no-object",
      { .reply = "[1]\n" },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_AGENT_UNSYNCED,
      "no JSON object" },
    { "no-answer-object",
      { .reply = "{\"a\": 1}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_AGENT_UNSYNCED,
      "neither" },
    { "comment",
      { .reply = "/*\"*/{\"return\": 1}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_AGENT_UNSYNCED,
      "no JSON" },
    { "dies",
      { .reply = "{\"ret", .dies = TRUE },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_AGENT_UNRESPONSIVE,
      "disappeared" },
    { "dies-as-it-should",
      { .dies = TRUE },
      { .sync_seconds = 30, .seconds = 30, .instead = AGENT_EVENT_SHUTDOWN },
      0,
      NULL },
    { "error",
      { .reply = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such\"}}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      RPC_ERR_AGENT_COMMAND_FAILED,
      "unable to execute QEMU agent command 'guest-x': no such" },
    { "error-odd",
      { .reply = "{\"error\": 5}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      RPC_ERR_AGENT_COMMAND_FAILED,
      "unknown QEMU command error" },
    { "unknown",
      { .reply = "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"none\"}}\n" },
      { .sync_seconds = 30, .seconds = 30 },
      VIR_ERR_OPERATION_UNSUPPORTED,
      "unable to execute QEMU agent command 'guest-x': none" },
};

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    Way way = cases[i].way;
    AgentFake *fake = agent_fake_new(act, &way);
    g_autoptr(AgentClient) client = agent_client_new();
    g_autofree char *text = NULL;
    int code;

    text = call(client, fake, &cases[i].request, &code);
    g_assert_cmpint(code, ==, cases[i].code);
    if (!cases[i].text || code == 0) {
        g_assert_cmpstr(text, ==, cases[i].text);
    } else {
        g_assert_nonnull(strstr(text, cases[i].text));
    }
    g_clear_pointer(&client, agent_client_unref); /* an agent may still be writing */
    agent_fake_free(fake);
}

/* After each failure the next call finds its own answer, on the same connection. */
static void test_late_answer(void)
{
    Way way = { .reply = OK, .late = "{\"return\": \"late\"}\n" };
    AgentFake *fake = agent_fake_new(act, &way);
    g_autoptr(AgentClient) client = agent_client_new();
    AgentRequest hasty = { .sync_seconds = 30, .seconds = 0 };
    int code;

    g_free(call(client, fake, &hasty, &code));
    g_assert_cmpint(code, ==, RPC_ERR_AGENT_COMMAND_TIMEOUT);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *text = call(client, fake, &patient, &code);

        g_assert_cmpint(code, ==, 0);
        g_assert_cmpstr(text, ==, "{\"return\":{}}");
    }
    g_assert_cmpuint(agent_fake_connections(fake), ==, 1);
    g_clear_pointer(&client, agent_client_unref);
    agent_fake_free(fake);
}

/* One that has died is connected to again; one that is not there is told of. */
static void test_again(void)
{
    Way way = { .dies = TRUE };
    AgentFake *fake = agent_fake_new(act, &way);
    g_autoptr(AgentClient) client = agent_client_new();
    int code;

    g_free(call(client, fake, &patient, &code));
    g_assert_cmpint(code, ==, VIR_ERR_AGENT_UNRESPONSIVE);
    g_free(call(client, fake, &patient, &code));
    g_assert_cmpint(code, ==, VIR_ERR_AGENT_UNRESPONSIVE);
    g_assert_cmpuint(agent_fake_connections(fake), ==, 2);
    agent_fake_free(fake);

    fake = agent_fake_new(act, &way);
    {
        AgentRequest request = patient;
        g_autofree char *path = g_strconcat(agent_fake_path(fake), "-not", NULL);
        g_autoptr(JsonObject) reply = NULL;
        g_autoptr(GError) err = NULL;

        request.path = path;
        request.text = request.name = "x";
        g_assert_false(agent_client_call(client, &request, &reply, &err));
        g_assert_error(err, RPC_ERROR, VIR_ERR_AGENT_UNRESPONSIVE);
    }
    agent_fake_free(fake);
}

/* ---- what ends a call that waits for ever ---- */

typedef struct Blocked {
    AgentClient *client;
    AgentFake *fake;
    AgentRequest request;
    gint cancelled;
    int code;
    char *text;
} Blocked;

static gpointer block(gpointer opaque)
{
    Blocked *b = opaque;

    b->text = call(b->client, b->fake, &b->request, &b->code);
    return NULL;
}

static void check_ends(AgentEvent event, AgentEvent instead, gboolean cancel, int code)
{
    Way way = { .reply = NULL };
    Blocked b = { .client = agent_client_new(),
                  .fake = agent_fake_new(act, &way),
                  .request = { .sync_seconds = -2, .seconds = -2, .instead = instead } };
    GThread *thread;

    b.request.cancelled = &b.cancelled;
    thread = g_thread_new("call", block, &b);
    agent_fake_wait_lines(b.fake, 2); /* the command has come */
    if (cancel) {
        g_atomic_int_set(&b.cancelled, TRUE);
        agent_client_wake(b.client);
    } else {
        agent_client_notify(b.client, event);
    }
    g_thread_join(thread);
    g_assert_cmpint(b.code, ==, code);
    g_free(b.text);
    agent_client_unref(b.client);
    agent_fake_free(b.fake);
}

static void test_ends(void)
{
    check_ends(AGENT_EVENT_GONE, 0, FALSE, VIR_ERR_AGENT_UNRESPONSIVE);
    check_ends(AGENT_EVENT_GONE, AGENT_EVENT_RESET, FALSE, 0);
    check_ends(AGENT_EVENT_SHUTDOWN, AGENT_EVENT_SHUTDOWN, FALSE, 0);
    check_ends(AGENT_EVENT_RESET, AGENT_EVENT_RESET, FALSE, 0);
    check_ends(0, 0, TRUE, VIR_ERR_OPERATION_ABORTED);
    check_ends(0, AGENT_EVENT_RESET, TRUE, VIR_ERR_OPERATION_ABORTED);
}

/* Few wait for one that blocks: who comes after them is refused at once. */
static void test_turns(void)
{
    Way way = { .reply = NULL };
    Blocked b[AGENT_WAITERS + 1] = { 0 };
    GThread *threads[AGENT_WAITERS + 1];
    AgentFake *fake = agent_fake_new(act, &way);
    g_autoptr(AgentClient) client = agent_client_new();
    int code = 0;

    for (guint i = 0; i < G_N_ELEMENTS(b); i++) {
        b[i] = (Blocked){ .client = client, .fake = fake, .request = { .seconds = -2 } };
        b[i].request.sync_seconds = -2;
        b[i].request.cancelled = &b[i].cancelled;
        threads[i] = g_thread_new("call", block, &b[i]);
        if (i == 0) {
            agent_fake_wait_lines(fake, 2);
        }
    }
    while (agent_client_waiting(client) < AGENT_WAITERS) {
        g_thread_yield();
    }
    g_free(call(client, fake, &patient, &code));
    g_assert_cmpint(code, ==, VIR_ERR_OPERATION_TIMEOUT);
    g_assert_cmpuint(agent_fake_lines(fake), ==, 2);
    for (guint i = 0; i < G_N_ELEMENTS(b); i++) {
        g_atomic_int_set(&b[i].cancelled, TRUE);
    }
    agent_client_wake(client);
    for (guint i = 0; i < G_N_ELEMENTS(b); i++) {
        g_thread_join(threads[i]);
        g_assert_cmpint(b[i].code, ==, VIR_ERR_OPERATION_ABORTED);
        g_free(b[i].text);
    }
    g_clear_pointer(&client, agent_client_unref);
    agent_fake_free(fake);
}

/* ---- limits ---- */

static char *nested(guint depth)
{
    GString *text = g_string_new("{\"return\": ");

    for (guint i = 0; i < depth; i++) {
        g_string_append_c(text, '[');
    }
    for (guint i = 0; i < depth; i++) {
        g_string_append_c(text, ']');
    }
    return g_string_free(g_string_append_c(text, '}'), FALSE);
}

static void check_parse(const char *text, gboolean ok)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonObject) reply = agent_reply_parse(text, strlen(text), &err);

    g_assert_true((reply != NULL) == ok);
    if (!ok) {
        g_assert_error(err, RPC_ERROR, VIR_ERR_AGENT_UNSYNCED);
    }
}

static void test_limits(void)
{
    g_autofree char *deep = nested(AGENT_DEPTH_MAX - 1);
    g_autofree char *deeper = nested(AGENT_DEPTH_MAX);
    g_autoptr(GString) many = g_string_new("{\"return\": [0");

    check_parse(deep, TRUE);
    check_parse(deeper, FALSE);
    check_parse("", FALSE);
    check_parse("{\"return\": \"\xfe\"}", FALSE);
    for (guint i = 0; i < 1000; i++) {
        g_string_append(many, ",0");
    }
    g_string_append(many, "]}");
    check_parse(many->str, TRUE);
    for (guint i = 0; i < AGENT_VALUES_MAX; i++) {
        g_string_insert_len(many, (gssize)many->len - 2, ",0", 2);
    }
    check_parse(many->str, FALSE);
}

static void test_commands(void)
{
    g_autofree char *name = NULL, *none = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *text =
        agent_command_check("{ \"execute\":\n \"guest-info\" }", &name, &err);
    g_autofree char *made = agent_command_new("guest-x", util_json_pair("a", "b\n"));

    g_assert_cmpstr(text, ==, "{\"execute\":\"guest-info\"}");
    g_assert_cmpstr(name, ==, "guest-info");
    g_assert_cmpstr(made, ==, "{\"execute\":\"guest-x\",\"arguments\":{\"a\":\"b\\n\"}}");
    none = agent_command_check("guest-info", &none, &err);
    g_assert_null(none);
    g_assert_error(err, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/agent/", cases[i].name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/agent/late-answer", test_late_answer);
    g_test_add_func("/agent/again", test_again);
    g_test_add_func("/agent/ends", test_ends);
    g_test_add_func("/agent/turns", test_turns);
    g_test_add_func("/agent/limits", test_limits);
    g_test_add_func("/agent/commands", test_commands);
    return g_test_run();
}
