// What this agent can do, by the type of a task: a function from the task's payload to a result. `stop` is aborted when the task is to be stopped.
import { once } from 'node:events';

export class Failure extends Error {
  constructor(reason, message, permanent) {
    super(message);
    Object.assign(this, { reason, permanent });
  }
}

export const work = {
  /** Gives back what it was given. */
  async 'test.echo'({ payload, report }) {
    await report(50, 'half-way');
    return payload;
  },

  /** Cannot be done. */
  async 'test.broken'() {
    throw new Failure('BROKEN', 'This cannot be done', true);
  },

  /** Goes on until somebody stops it. */
  async 'test.endless'({ stop }) {
    await stopped(stop);
  },

  /** Is done when the stream that it came by has ended and the agent has connected again. */
  async 'test.outlast'({ stop, agent }) {
    await Promise.race([once(agent, 'welcome'), stopped(stop)]);
    return { outlasted: true };
  },
};

async function stopped(stop) {
  if (!stop.aborted) await once(stop, 'abort');
  throw new Failure('STOPPED', 'It was told to stop', true);
}
