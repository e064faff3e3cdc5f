// LangGraph's PostgresSaver: checkpoints of threads, as its graphs store one after each step and read the latest before the next.
import { uuid6 } from '@langchain/langgraph-checkpoint';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import pg from 'pg';
import { load, serve } from './protocol.mjs';

let saver;
let threads;
let event;

await serve({
  /** { postgres, connections, threads, event }: makes the tables, and one checkpoint in each thread. */
  async setup(request) {
    saver = new PostgresSaver(new pg.Pool({ connectionString: request.postgres, max: request.connections }));
    await saver.setup();
    event = request.event;
    threads = Array.from({ length: request.threads }, (_, i) => ({ id: `thread-${i}`, step: 0, checkpoint: undefined }));
    for (const thread of threads) await put(thread);
  },
  put: (request) => load(request, () => put(any(threads))),
  get: (request) => load(request, async () => {
    const found = await saver.getTuple({ configurable: { thread_id: any(threads).id } });
    if (!found?.checkpoint.channel_values.event) throw new Error('the checkpoint has no event');
  }),
});

// One channel has a new value: what has happened. It does not grow, as a graph's list of messages would.
async function put(thread) {
  const step = ++thread.step;
  const checkpoint = {
    v: 4, id: uuid6(step), ts: new Date().toISOString(), channel_values: { event }, channel_versions: { event: step }, versions_seen: {},
  };
  const before = { configurable: { thread_id: thread.id, checkpoint_ns: '', checkpoint_id: thread.checkpoint } };
  thread.checkpoint = checkpoint.id;
  await saver.put(before, checkpoint, { source: 'loop', step, parents: {} }, { event: step });
}

function any(list) {
  return list[Math.floor(Math.random() * list.length)];
}
