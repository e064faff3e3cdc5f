// The agent: registers, connects, beats, works, and comes back. It says what happens to it by events.
import { EventEmitter } from 'node:events';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Conversation } from './conversation.mjs';
import { pause } from './platform.mjs';
import { fromStruct, toStruct } from './struct.mjs';
import { Failure, work } from './work.mjs';

// Another process is the agent now, or a person has decided so: this one must not come back.
const final = ['STALE_EPOCH', 'DUPLICATE_AGENT', 'MACHINE_KEY_TAKEN', 'AGENT_DISABLED'];
const maxInFlight = 4;

export class Agent extends EventEmitter {
  constructor(platform, agentId, machineKey) {
    super();
    Object.assign(this, { platform, agentId, machineKey });
    this.instanceId = randomUUID();
    // By id: { task, stop, kind, end }; they stay until their end was answered.
    this.unsettled = new Map();
    this.configVersion = '0';
  }

  /** Works until it is fenced; gives back the reason. */
  async run() {
    for (let attempt = 0; ; attempt++) {
      try {
        if (!this.epoch) await this.register();
        await this.converse(() => { attempt = 0; });
      } catch (error) {
        if (final.includes(error.reason)) return this.dropAll(error.reason);
        if (error.reason === 'AGENT_NOT_FOUND') this.epoch = undefined;
        this.emit('broken', { code: error.code, reason: error.reason });
      }
      await pause(attempt);
    }
  }

  async register() {
    const { agent } = await this.platform.call(this.platform.registry, 'RegisterAgent', {
      hostname: hostname(), platform: 'LINUX', version: '1.0.0', roles: ['node'], capabilities: Object.keys(work), tags: ['node'],
      machine_key: this.machineKey, instance_id: this.instanceId,
    });
    this.epoch = agent.epoch;
    this.emit('registered', { epoch: this.epoch });
  }

  // One stream, from its hello to its end, which is always an error.
  async converse(connected) {
    const stream = this.platform.connect();
    this.conversation = new Conversation(stream);
    let beats;
    try {
      await new Promise((_, reject) => {
        // Whatever ends it has a status; that it is reported as an error as well tells nothing more.
        stream.on('error', () => {});
        stream.on('status', (status) => reject(this.platform.explain(Object.assign(new Error(status.details), status))));
        stream.on('data', (response) => {
          if (response.message === 'welcome') {
            connected();
            beats = this.welcome(response.welcome.heartbeat);
          } else {
            this.take(response);
          }
        });
        this.conversation.hello({ epoch: this.epoch, max_in_flight: maxInFlight, running_task_ids: [...this.unsettled.keys()] });
      });
    } catch (error) {
      this.conversation.end(error);
      throw error;
    } finally {
      clearInterval(beats);
      stream.cancel();
    }
  }

  welcome(heartbeat) {
    this.heed(heartbeat);
    for (const held of this.unsettled.values()) if (held.kind) this.settle(held);
    this.emit('welcome', {});
    return setInterval(() => this.beat(), Number(heartbeat.heartbeat_interval.seconds) * 1000 + heartbeat.heartbeat_interval.nanos / 1e6);
  }

  take(response) {
    switch (response.message) {
      case 'task': return this.begin(response.task);
      case 'answer': return this.conversation.answer(response.answer);
      case 'cancel_task_id': return this.unsettled.get(response.cancel_task_id)?.stop.abort();
      case 'config_version': return this.configure(response.config_version);
    }
  }

  async beat() {
    const running = [...this.unsettled.keys()];
    const answer = await this.conversation.say('heartbeat', { epoch: this.epoch, health: 'AGENT_HEALTH_HEALTHY', running_task_ids: running }).catch(() => undefined);
    if (!answer?.heartbeat) return;
    this.heed(answer.heartbeat);
    this.emit('beat', {});
  }

  // What a heartbeat is answered.
  heed(heartbeat) {
    for (const id of heartbeat.cancel_task_ids) this.unsettled.get(id)?.stop.abort();
    for (const id of heartbeat.lost_task_ids) this.drop(id);
    this.configure(heartbeat.config_version);
  }

  async configure(version) {
    if (version === this.configVersion) return;
    const before = this.configVersion;
    this.configVersion = version;
    try {
      const { config } = await this.platform.call(this.platform.registry, 'GetAgentConfig', { agent_id: this.agentId });
      this.emit('configured', { version: config.version, config: fromStruct(config.config) });
    } catch {
      // It is read again when the next heartbeat names its version.
      this.configVersion = before;
    }
  }

  async begin(task) {
    const before = this.unsettled.get(task.id);
    // The same attempt again: it is at work already.
    if (before?.task.attempt === task.attempt) return;
    before?.stop.abort();
    const held = { task, stop: new AbortController() };
    this.unsettled.set(task.id, held);
    this.emit('task', { id: task.id, type: task.type, attempt: task.attempt });
    const end = await this.do(held);
    if (this.unsettled.get(task.id) !== held) return;
    Object.assign(held, end);
    await this.settle(held);
  }

  // How it ends: with a result, or given up.
  async do(held) {
    const { task, stop } = held;
    const of = { id: task.id, fence: { epoch: this.epoch, attempt: task.attempt } };
    try {
      const type = work[task.type];
      if (!type) throw new Failure('UNKNOWN_TYPE', `There is no ${task.type} here`, true);
      await this.tell('start', of);
      const report = async (percent, message) => {
        if ((await this.tell('progress', { ...of, percent, message }))?.cancel_requested) stop.abort();
      };
      const result = await type({ payload: fromStruct(task.payload), stop: stop.signal, report, agent: this });
      return { kind: 'complete', end: { ...of, result: toStruct(result) } };
    } catch (error) {
      return { kind: 'fail', end: { ...of, reason: error.reason ?? 'FAILED', message: error.message, permanent: error.permanent ?? false } };
    }
  }

  // What may be lost with the stream: the work goes on without it.
  async tell(kind, message) {
    return this.conversation.say(kind, message).catch(() => undefined);
  }

  // An end stays unsettled until it was answered, over however many streams.
  async settle(held) {
    const answer = await this.tell(held.kind, held.end);
    if (!answer || this.unsettled.get(held.task.id) !== held) return;
    this.unsettled.delete(held.task.id);
    this.emit('settled', { id: held.task.id, attempt: held.task.attempt, by: held.kind, reason: answer.reason });
  }

  drop(id) {
    const held = this.unsettled.get(id);
    this.unsettled.delete(id);
    held?.stop.abort();
  }

  dropAll(reason) {
    for (const id of [...this.unsettled.keys()]) this.drop(id);
    return reason;
  }
}
