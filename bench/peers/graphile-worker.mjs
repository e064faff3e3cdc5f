// graphile-worker: jobs in Postgres, workers woken by NOTIFY.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { serveQueue } from './queue.mjs';

const task = 'task';
const logger = new Logger(() => () => {});
let pgPool;
let utils;

await serveQueue({
  async open({ postgres, connections }) {
    pgPool = new pg.Pool({ connectionString: postgres, max: connections });
    pgPool.on('error', console.error);
    pgPool.on('connect', (client) => client.on('error', console.error));
    utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
  },
  add: () => utils.addJob(task, { id: 1 }),
  addMany: (count) => utils.addJobs(Array.from({ length: count }, (_, id) => ({ identifier: task, payload: { id } }))),
  async work(concurrency, handle, { localQueue } = {}) {
    // The local queue takes jobs by the hundred, ahead of their work: a worker that dies holds all of them up.
    const preset = localQueue ? { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } : undefined;
    const runner = await run({
      pgPool, logger, concurrency, preset, noHandleSignals: true, crontab: '', taskList: { [task]: async () => handle() },
    });
    return () => runner.stop();
  },
  clear: () => pgPool.query('TRUNCATE graphile_worker._private_jobs'),
});
