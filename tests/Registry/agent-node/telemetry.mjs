// What this machine measures: a point with each heartbeat. Points wait until they were answered, so none of a time without connection is missing.
import { freemem, loadavg, totalmem } from 'node:os';

const mostInOneCall = 1_000;

export class Telemetry {
  constructor(platform) {
    Object.assign(this, { platform, points: [], sending: false });
  }

  /** Measures, and sends what has collected. */
  async measure() {
    const ms = Date.now();
    this.points.push({
      time: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 }, memory_bytes: totalmem() - freemem(), numbers: { load: loadavg()[0] },
    });
    if (this.sending) return;
    this.sending = true;
    try {
      for (let some; (some = this.points.slice(0, mostInOneCall)).length > 0; this.points.splice(0, some.length)) {
        await this.platform.call(this.platform.telemetry, 'ReportTelemetry', { points: some });
      }
    } finally {
      this.sending = false;
    }
  }
}
