// COUNT values of SIZE bytes as one atomic batch: batch URL BUCKET COUNT SIZE. COUNT 0 only connects.
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static natsStatus send_one(natsConnection* connection, const char* bucket, const char* id, long number, long count,
                           const char* value, int size) {
  char subject[256], text[32];
  natsMsg *message = NULL, *answer = NULL;
  snprintf(subject, sizeof subject, "$KV.%s.key.%ld", bucket, number);
  snprintf(text, sizeof text, "%ld", number);
  natsStatus s = natsMsg_Create(&message, subject, NULL, value, size);
  if (s == NATS_OK) s = natsMsgHeader_Set(message, "Nats-Batch-Id", id);
  if (s == NATS_OK) s = natsMsgHeader_Set(message, "Nats-Batch-Sequence", text);
  if (s == NATS_OK && number == count) s = natsMsgHeader_Set(message, "Nats-Batch-Commit", "1");
  if (s == NATS_OK && number == count) {
    s = natsConnection_RequestMsg(&answer, connection, message, 30000);
    if (s == NATS_OK && strstr(natsMsg_GetData(answer), "\"batch\"") == NULL) s = NATS_ERR;
  } else if (s == NATS_OK) {
    s = natsConnection_PublishMsg(connection, message);
  }
  natsMsg_Destroy(answer);
  natsMsg_Destroy(message);
  return s;
}

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  char id[64];
  if (argc != 5) return 2;
  const long count = atol(argv[3]);
  const int size = atoi(argv[4]);
  char* value = malloc((size_t)size + 1);
  memset(value, 'v', (size_t)size);
  snprintf(id, sizeof id, "batch-%ld", (long)getpid());
  natsStatus s = natsConnection_ConnectTo(&connection, argv[1]);
  for (long i = 1; s == NATS_OK && i <= count; i++) s = send_one(connection, argv[2], id, i, count, value, size);
  if (s != NATS_OK) fprintf(stderr, "batch: %s\n", natsStatus_GetText(s));
  natsConnection_Destroy(connection);
  nats_Close();
  free(value);
  return s == NATS_OK ? 0 : 1;
}
