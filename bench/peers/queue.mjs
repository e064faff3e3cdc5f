// What the queues have in common: how they are measured. A queue is { open, add, addMany, work, clear }:
//   open(request)           connects and makes what is needed
//   add(), addMany(count)   add jobs
//   work(workers, handle)   calls `handle` for each job, so many at a time; gives back a function that stops it
//   clear()                 removes all jobs
import { load, serve } from './protocol.mjs';

export const serveQueue = (queue) => serve({
  setup: (request) => queue.open(request),

  /** { seconds }: one job at a time, from the call that adds it to the moment that the one worker has it. */
  async start({ seconds }) {
    let started;
    const stop = await queue.work(1, () => started());
    try {
      return await load({ callers: 1, seconds }, async () => {
        const held = new Promise((resolve) => { started = resolve; });
        await Promise.all([queue.add(), held]);
      });
    } finally {
      await stop();
    }
  },

  /** { callers, seconds }: jobs added while nobody works. */
  async create(request) {
    const result = await load(request, () => queue.add());
    await queue.clear();
    return result;
  },

  /** { jobs, workers }: from the start of the workers to the last job. */
  async drain({ jobs, workers, ...options }) {
    await queue.addMany(jobs);
    let left = jobs;
    let finish;
    const finished = new Promise((resolve) => { finish = resolve; });
    const before = performance.now();
    const stop = await queue.work(workers, () => { if (--left === 0) finish(); }, options);
    await finished;
    const elapsedMs = performance.now() - before;
    await stop();
    return { elapsedMs };
  },
});
