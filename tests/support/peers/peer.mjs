// nats.js as the other client: peer.mjs write|brief|read URL BUCKET. See interop_test.cpp.
import { connect } from "@nats-io/transport-node";
import { Kvm } from "@nats-io/kv";

const bytes = (text) => new TextEncoder().encode(text);

async function write(kv) {
  await kv.put("value.empty", new Uint8Array(0));
  await kv.put("value.bytes", Uint8Array.from({ length: 256 }, (_, i) => i));
  await kv.put("value.text", bytes("héllo ✓ 𝄞\t\n"));
  await kv.put("value.large", bytes("x".repeat(300000)));
  await kv.put("a/b_c=d-e.F", bytes("key"));
  for (let n = 1; n <= 65; n++) await kv.put("many", bytes(`revision ${n}`));
  await kv.put("gone", bytes("1"));
  await kv.delete("gone");
  await kv.put("wiped", bytes("1"));
  await kv.put("wiped", bytes("2"));
  await kv.purge("wiped");
  await kv.put("back", bytes("1"));
  await kv.delete("back");
  await kv.create("back", bytes("2"));
  const revision = await kv.put("cas", bytes("1"));
  await kv.update("cas", bytes("2"), revision);
}

async function brief(kv) {
  await kv.create("theirs", bytes("short"), "2s");
}

async function read(kv) {
  const events = [], keys = [];
  for await (const entry of await kv.history({ key: ">" })) {
    events.push([entry.key, entry.revision, entry.operation, Buffer.from(entry.value).toString("hex")]);
  }
  for await (const key of await kv.keys()) keys.push(key);
  return { events, keys: keys.sort() };
}

const [what, url, bucket] = process.argv.slice(2);
const connection = await connect({ servers: url });
const kv = await new Kvm(connection).open(bucket);
console.log(JSON.stringify((await { write, brief, read }[what](kv)) ?? null));
await connection.close();
