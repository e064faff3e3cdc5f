// Installs what deployments offer to this agent: one file that replaces the one before, and is put back when the new one does not start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const mine = 'node-agent-plugin';

export class Updates {
  constructor(platform, folder) {
    Object.assign(this, { platform, current: join(folder, 'plugin.mjs'), previous: join(folder, 'plugin.previous.mjs'), fresh: join(folder, 'plugin.new.mjs') });
  }

  /** Looks for what is offered, and installs it, the oldest first. What another process has begun is begun anew. */
  async look() {
    const { installs } = await this.platform.call(this.platform.deployments, 'ListMyInstalls', {});
    for (const { install, package: offered } of installs) if (offered.name === mine) await this.install(install, offered);
  }

  async install({ deployment_id, status }, offered) {
    const report = (to, message = '') => this.platform.call(this.platform.deployments, 'ReportInstall', { deployment_id, status: `INSTALL_STATUS_${to}`, message });
    if (status !== 'INSTALL_STATUS_INSTALLING') await report('DOWNLOADING');
    const failure = await this.download(offered);
    if (failure) return report('FAILED', failure);
    await report('INSTALLING');
    await rename(this.current, this.previous).catch(() => {});
    await rename(this.fresh, this.current);
    try {
      await promisify(execFile)(process.execPath, [this.current]);
    } catch (error) {
      await rename(this.previous, this.current).catch(() => rm(this.current));
      return report('ROLLED_BACK', `Version ${offered.version} does not start: ${error.message.slice(0, 500)}`);
    }
    return report('INSTALLED');
  }

  // Why the file is not to be trusted; undefined when it is what was released.
  async download({ url, sha256, size_bytes }) {
    const response = await fetch(url);
    if (!response.ok) return `${url} answers ${response.status}`;
    const bytes = Buffer.from(await response.arrayBuffer());
    if (String(bytes.length) !== size_bytes) return `The file has ${bytes.length} bytes instead of ${size_bytes}`;
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return 'The file is not the one that was released: its SHA-256 differs';
    await writeFile(this.fresh, bytes);
  }
}
