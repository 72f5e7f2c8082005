// kvStore_PurgeDeletes of all markers: compact URL BUCKET
#include <nats/nats.h>
#include <stdio.h>

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  kvStore* store = NULL;
  kvPurgeOptions options;
  if (argc != 3) return 2;
  kvPurgeOptions_Init(&options);
  options.DeleteMarkersOlderThan = -1;
  options.Timeout = 60000;
  natsStatus s = natsConnection_ConnectTo(&connection, argv[1]);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, NULL);
  if (s == NATS_OK) s = js_KeyValue(&store, js, argv[2]);
  if (s == NATS_OK) s = kvStore_PurgeDeletes(store, &options);
  if (s != NATS_OK) fprintf(stderr, "compact: %s\n", natsStatus_GetText(s));
  kvStore_Destroy(store);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_Close();
  return s == NATS_OK ? 0 : 1;
}
