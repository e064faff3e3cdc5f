// pg-boss: jobs in Postgres, fetched by polling. Its own workers look twice a second at most; here they ask again at once, which is the best that it can do.
import PgBoss from 'pg-boss';
import { serveQueue } from './queue.mjs';

const name = 'task';
const batchSize = 100;
let boss;

await serveQueue({
  async open({ postgres, connections }) {
    boss = new PgBoss({ connectionString: postgres, max: connections, supervise: false, schedule: false });
    boss.on('error', console.error);
    await boss.start();
    await boss.createQueue(name);
  },
  add: () => boss.send(name, { id: 1 }),
  addMany: (count) => boss.insert(Array.from({ length: count }, (_, id) => ({ name, data: { id } }))),
  async work(workers, handle) {
    let stopped = false;
    const loops = Array.from({ length: workers }, async () => {
      while (!stopped) {
        const jobs = await boss.fetch(name, { batchSize });
        jobs.forEach(handle);
        if (jobs.length > 0) await boss.complete(name, jobs.map((job) => job.id));
      }
    });
    return () => { stopped = true; return Promise.all(loops); };
  },
  clear: () => boss.purgeQueue(name),
});
