// What a plain nats.c program sees in the same run, without natskv: control URL BUCKET put|churn|purge NAME |
// add KEY TIMEOUT_MS
//
// put: stores every value once under NAME.k0 ... k5, as kvStore_Put does it. churn: puts, creates and deletes
// NAME.k0 ... k3, purge: purges them, too. add: reads KEY and adds 1 by kvStore_Update. A line an operation:
// what (PUT, DEL, PURGE), key, value (- for a marker), status (0 stored, 4 lost the compare-and-set, 5 refused,
// 7 no answer), revision. Ends with SIGTERM, after the operation that runs.
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
  printf("PUT %s %s %d %llu\n", key, value, status, (unsigned long long)revision);
}

// What kvStore_Delete and kvStore_Purge publish, for they keep the revision to themselves.
static natsStatus mark(struct link* link, const char* bucket, const char* key, const char* operation,
                       uint64_t* revision) {
  char subject[256];
  natsMsg* message = NULL;
  jsPubAck* ack = NULL;
  snprintf(subject, sizeof subject, "$KV.%s.%s", bucket, key);
  natsStatus status = natsMsg_Create(&message, subject, NULL, NULL, 0);
  if (status == NATS_OK) status = natsMsgHeader_Set(message, "KV-Operation", operation);
  if (status == NATS_OK && strcmp(operation, "PURGE") == 0)
    status = natsMsgHeader_Set(message, "Nats-Rollup", "sub");
  if (status == NATS_OK) status = js_PublishMsg(&ack, link->js, message, NULL, NULL);
  if (status == NATS_OK) *revision = ack->Sequence;
  jsPubAck_Destroy(ack);
  natsMsg_Destroy(message);
  return status;
}

// As often each as natskv's churner, which tosses for it.
static void churn(struct link* link, const char* bucket, const char* name, int purging, unsigned long number) {
  static const char* const verbs[] = {"put", "put", "create", "DEL", "PURGE"};
  const char* const verb = verbs[rand() % (purging ? 5 : 4)];
  char key[128], value[128];
  uint64_t revision = 0;
  natsStatus status = NATS_OK;
  int marker = 0;
  snprintf(key, sizeof key, "%s.k%d", name, rand() % 4);
  snprintf(value, sizeof value, "%s-%lu", name, number);
  if (strcmp(verb, "put") == 0)
    status = kvStore_PutString(&revision, link->store, key, value);
  else if (strcmp(verb, "create") == 0)
    status = kvStore_CreateString(&revision, link->store, key, value);
  else {
    marker = 1;
    status = mark(link, bucket, key, verb, &revision);
  }
  printf("%s %s %s %d %llu\n", marker ? verb : "PUT", key, marker ? "-" : value, judge(status, link),
         (unsigned long long)revision);
}

// Behind the number the value says whose it is, so that each is written once.
static void add(struct link* link, const char* key, unsigned long number) {
  kvEntry* entry = NULL;
  char value[64];
  uint64_t revision = 0;
  if (kvStore_Get(&entry, link->store, key) != NATS_OK) {
    drop(link);
    return;
  }
  snprintf(value, sizeof value, "%.*s", kvEntry_ValueLen(entry), (const char*)kvEntry_Value(entry));
  snprintf(value, sizeof value, "%ld:%d:%lu", strtol(value, NULL, 10) + 1, (int)getpid(), number);
  const natsStatus answer = kvStore_UpdateString(&revision, link->store, key, value, kvEntry_Revision(entry));
  kvEntry_Destroy(entry);
  printf("PUT %s %s %d %llu\n", key, value, judge(answer, link), (unsigned long long)revision);
}

int main(int argc, char** argv) {
  struct link link = {0};
  if (argc != 6) return 2;
  const int64_t timeout = strtol(argv[5], NULL, 10);
  const int adds = strcmp(argv[3], "add") == 0, puts = strcmp(argv[3], "put") == 0;
  const int purges = strcmp(argv[3], "purge") == 0;
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
      add(&link, argv[4], number++);
    else if (puts)
      put(&link, argv[4], number++);
    else
      churn(&link, argv[2], argv[4], purges, number++);
    usleep(20000);
  }
  drop(&link);
  natsOptions_Destroy(link.options);
  return 0;
}
