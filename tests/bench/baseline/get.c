// The smallest ordinary program that reads one key: connect, bind, get, destroy, close. get URL BUCKET KEY
#include <nats/nats.h>
#include <stdio.h>

int main(int argc, char** argv) {
  natsOptions* options = NULL;
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  kvStore* store = NULL;
  kvEntry* entry = NULL;
  if (argc != 4) return 2;
  natsStatus s = natsOptions_Create(&options);
  if (s == NATS_OK) s = natsOptions_SetURL(options, argv[1]);
  if (s == NATS_OK) s = natsConnection_Connect(&connection, options);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, NULL);
  if (s == NATS_OK) s = js_KeyValue(&store, js, argv[2]);
  if (s == NATS_OK) s = kvStore_Get(&entry, store, argv[3]);
  if (s == NATS_OK) fwrite(kvEntry_Value(entry), 1, (size_t)kvEntry_ValueLen(entry), stdout);
  if (s != NATS_OK) fprintf(stderr, "get: %s\n", natsStatus_GetText(s));
  kvEntry_Destroy(entry);
  kvStore_Destroy(store);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  natsOptions_Destroy(options);
  nats_Close();
  return s == NATS_OK ? 0 : 1;
}
