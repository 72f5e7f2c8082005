// kvStore_Get, one after the other, of the keys on stdin: get_loop URL BUCKET
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  kvStore* store = NULL;
  char key[1024];
  if (argc != 3) return 2;
  natsStatus s = natsConnection_ConnectTo(&connection, argv[1]);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, NULL);
  if (s == NATS_OK) s = js_KeyValue(&store, js, argv[2]);
  while (s == NATS_OK && fgets(key, sizeof key, stdin) != NULL) {
    kvEntry* entry = NULL;
    key[strcspn(key, "\n")] = 0;
    s = kvStore_Get(&entry, store, key);
    if (s == NATS_OK) fwrite(kvEntry_Value(entry), 1, (size_t)kvEntry_ValueLen(entry), stdout);
    kvEntry_Destroy(entry);
  }
  if (s != NATS_OK) fprintf(stderr, "get_loop: %s\n", natsStatus_GetText(s));
  kvStore_Destroy(store);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_Close();
  return s == NATS_OK ? 0 : 1;
}
