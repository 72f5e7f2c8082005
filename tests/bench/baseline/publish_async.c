// COUNT values of SIZE bytes by js_PublishMsgAsync with a window of 4000: publish_async URL BUCKET COUNT SIZE
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int failed;

static void acknowledged(jsCtx* js, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* closure) {
  (void)js, (void)ack, (void)closure;
  if (error != NULL) failed = 1;
  natsMsg_Destroy(message);
}

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  jsOptions options;
  jsPubOptions wait;
  if (argc != 5) return 2;
  const long count = atol(argv[3]);
  const int size = atoi(argv[4]);
  char* value = malloc((size_t)size + 1);
  memset(value, 'v', (size_t)size);
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 4000;
  options.PublishAsync.StallWait = 30000;
  options.PublishAsync.AckHandler = acknowledged;
  jsPubOptions_Init(&wait);
  wait.MaxWait = 60000;
  natsStatus s = natsConnection_ConnectTo(&connection, argv[1]);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, &options);
  for (long i = 0; s == NATS_OK && i < count; i++) {
    char subject[256];
    natsMsg* message = NULL;
    snprintf(subject, sizeof subject, "$KV.%s.key.%ld", argv[2], i);
    s = natsMsg_Create(&message, subject, NULL, value, size);
    if (s == NATS_OK) s = js_PublishMsgAsync(js, &message, NULL);
    natsMsg_Destroy(message);
  }
  if (s == NATS_OK) s = js_PublishAsyncComplete(js, &wait);
  if (s != NATS_OK || failed) fprintf(stderr, "publish_async: %s\n", natsStatus_GetText(s));
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_Close();
  free(value);
  return s == NATS_OK && !failed ? 0 : 1;
}
