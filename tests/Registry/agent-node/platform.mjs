// The platform's contracts, and calls to it: with a token, an idempotency key, and a repeat where one is worth it.
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const repeatable = [grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED];
const firstPauseMs = 100;
const longestPauseMs = 15_000;
const deadlineMs = 10_000;

/** Whether a call or request that ended with this status is worth a repeat. */
export const isRepeatable = (code) => repeatable.includes(code);

/** Waits the longer, the more attempts were in vain; with jitter, so that a fleet does not come back all at once. */
export const pause = (attempt, signal) => delay(Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2), undefined, { signal });

export class Platform {
  /** `protos` is the folder of the contracts, `gateway` is host:port, `tls` the paths of PEM files. */
  constructor(gateway, token, protos, tls) {
    const folder = join('agentplatform', 'registry', 'v1');
    const files = [...readdirSync(join(protos, folder)).map((name) => join(folder, name)), join('google', 'rpc', 'status.proto'), join('google', 'rpc', 'error_details.proto')];
    this.contracts = loadSync(files, { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
    this.token = token;
    const { RegistryService, AgentLinkService, DeploymentService, TelemetryService } = grpc.loadPackageDefinition(this.contracts).agentplatform.registry.v1;
    const channel = { 'grpc.keepalive_time_ms': 20_000 };
    const credentials = tls
      ? grpc.credentials.createSsl(readFileSync(tls.authority), readFileSync(tls.key), readFileSync(tls.certificate))
      : grpc.credentials.createInsecure();
    this.registry = new RegistryService(gateway, credentials, channel);
    this.links = new AgentLinkService(gateway, credentials, channel);
    this.deployments = new DeploymentService(gateway, credentials, channel);
    this.telemetry = new TelemetryService(gateway, credentials, channel);
  }

  /** A unary call, repeated until it is answered or refused for good. Its one key makes that safe. */
  async call(client, method, request) {
    const metadata = this.metadata();
    metadata.set('idempotency-key', randomUUID());
    for (let attempt = 0; ; attempt++) {
      try {
        return await new Promise((resolve, reject) => {
          client[method](request, metadata, { deadline: Date.now() + deadlineMs }, (error, answer) => (error ? reject(error) : resolve(answer)));
        });
      } catch (error) {
        if (!isRepeatable(error.code)) throw this.explain(error);
        await pause(attempt);
      }
    }
  }

  /** Opens the agent's stream. */
  connect() {
    return this.links.Connect(this.metadata());
  }

  /** Adds the stable reason to a refusal. */
  explain(error) {
    const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
    const details = bytes ? this.contracts['google.rpc.Status'].deserialize(bytes).details : [];
    const info = details.find((d) => d.type_url.endsWith('/google.rpc.ErrorInfo'));
    error.reason = info ? this.contracts['google.rpc.ErrorInfo'].deserialize(info.value).reason : '';
    return error;
  }

  metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${this.token}`);
    return metadata;
  }
}
