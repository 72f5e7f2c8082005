// What a plain nats.c program sees in the same run, without natskv: control URL BUCKET put NAME | add KEY
// TIMEOUT_MS
//
// put: stores every value once under NAME.k0 ... k5, as kvStore_Put does it. add: reads KEY and adds 1 by
// kvStore_Update. A line an operation: what, key, value, status (0 stored, 4 lost the compare-and-set, 5
// refused, 7 no answer), revision. Ends with SIGTERM, after the operation that runs.
#include <nats/nats.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t ending;
static void on_term(int number) {
  (void)number;
  ending = 1;
}

struct link {
  natsOptions* options;
  natsConnection* connection;
  jsCtx* js;
  kvStore* store;
};

static void drop(struct link* link) {
  kvStore_Destroy(link->store);
  jsCtx_Destroy(link->js);
  natsConnection_Destroy(link->connection);
  link->store = NULL;
  link->js = NULL;
  link->connection = NULL;
}

static int ready(struct link* link, const char* bucket, int64_t timeout) {
  jsOptions options;
  if (link->store != NULL) return 1;
  jsOptions_Init(&options);
  options.Wait = timeout;
  if (natsConnection_Connect(&link->connection, link->options) == NATS_OK &&
      natsConnection_JetStream(&link->js, link->connection, &options) == NATS_OK &&
      js_KeyValue(&link->store, link->js, bucket) == NATS_OK)
    return 1;
  drop(link);
  usleep(50000);
  return 0;
}

// The status of a write, and a new connection where this one told nothing.
static int judge(natsStatus status, struct link* link) {
  const char* text = NULL;
  if (status == NATS_OK) return 0;
  if (status == NATS_ERR) {
    text = nats_GetLastError(NULL);
    return text != NULL && strstr(text, "wrong last sequence") != NULL ? 4 : 5;
  }
  drop(link);
  return status == NATS_NO_RESPONDERS ? 5 : 7;
}

static void put(struct link* link, const char* name, unsigned long number) {
  char key[128], value[128];
  uint64_t revision = 0;
  snprintf(key, sizeof key, "%s.k%lu", name, number % 6);
  snprintf(value, sizeof value, "%s-%lu", name, number);
  const int status = judge(kvStore_PutString(&revision, link->store, key, value), link);
  printf("put %s %s %d %llu\n", key, value, status, (unsigned long long)revision);
}

static void add(struct link* link, const char* key) {
  kvEntry* entry = NULL;
  char value[32];
  uint64_t revision = 0;
  if (kvStore_Get(&entry, link->store, key) != NATS_OK) {
    drop(link);
    return;
  }
  snprintf(value, sizeof value, "%.*s", kvEntry_ValueLen(entry), (const char*)kvEntry_Value(entry));
  snprintf(value, sizeof value, "%ld", strtol(value, NULL, 10) + 1);
  const natsStatus answer = kvStore_UpdateString(&revision, link->store, key, value, kvEntry_Revision(entry));
  kvEntry_Destroy(entry);
  printf("add %s %s %d %llu\n", key, value, judge(answer, link), (unsigned long long)revision);
}

int main(int argc, char** argv) {
  struct link link = {0};
  if (argc != 6) return 2;
  const int64_t timeout = strtol(argv[5], NULL, 10);
  const int adds = strcmp(argv[3], "add") == 0;
  struct sigaction action = {.sa_handler = on_term};
  sigaction(SIGTERM, &action, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (natsOptions_Create(&link.options) != NATS_OK) return 1;
  const char* servers[16];
  int count = 0;
  for (char* url = strtok(argv[1], ","); url != NULL && count < 16; url = strtok(NULL, ","))
    servers[count++] = url;
  if (natsOptions_SetServers(link.options, servers, count) != NATS_OK) return 1;
  natsOptions_SetAllowReconnect(link.options, false);
  natsOptions_SetTimeout(link.options, timeout);
  for (unsigned long number = 0; !ending;) {
    if (!ready(&link, argv[2], timeout)) continue;
    if (adds)
      add(&link, argv[4]);
    else
      put(&link, argv[4], number++);
    usleep(20000);
  }
  drop(&link);
  natsOptions_Destroy(link.options);
  return 0;
}
