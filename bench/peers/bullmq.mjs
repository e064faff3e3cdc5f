// BullMQ: jobs in Redis, which here keeps nothing on disk.
import { Queue, Worker } from 'bullmq';
import { serveQueue } from './queue.mjs';

const name = 'task';
let connection;
let queue;

await serveQueue({
  async open({ redis }) {
    connection = { host: '127.0.0.1', port: redis, maxRetriesPerRequest: null };
    queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
    await queue.waitUntilReady();
  },
  add: () => queue.add(name, { id: 1 }),
  addMany: (count) => queue.addBulk(Array.from({ length: count }, (_, id) => ({ name, data: { id } }))),
  async work(concurrency, handle) {
    const worker = new Worker(name, async () => handle(), { connection, concurrency });
    await worker.waitUntilReady();
    return () => worker.close();
  },
  clear: () => queue.obliterate({ force: true }),
});
