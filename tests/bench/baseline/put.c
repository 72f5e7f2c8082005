// The smallest ordinary program that writes one key: put URL BUCKET KEY VALUE
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  natsOptions* options = NULL;
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  kvStore* store = NULL;
  uint64_t revision = 0;
  if (argc != 5) return 2;
  natsStatus s = natsOptions_Create(&options);
  if (s == NATS_OK) s = natsOptions_SetURL(options, argv[1]);
  if (s == NATS_OK) s = natsConnection_Connect(&connection, options);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, NULL);
  if (s == NATS_OK) s = js_KeyValue(&store, js, argv[2]);
  if (s == NATS_OK) s = kvStore_Put(&revision, store, argv[3], argv[4], (int)strlen(argv[4]));
  if (s == NATS_OK) printf("%llu\n", (unsigned long long)revision);
  if (s != NATS_OK) fprintf(stderr, "put: %s\n", natsStatus_GetText(s));
  kvStore_Destroy(store);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  natsOptions_Destroy(options);
  nats_Close();
  return s == NATS_OK ? 0 : 1;
}
