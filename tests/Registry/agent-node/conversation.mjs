// One stream: what the agent says gets a number, and the answer with that number is its outcome.
import { isRepeatable, pause } from './platform.mjs';

export class Conversation {
  constructor(stream) {
    this.stream = stream;
    this.number = 0;
    this.waiting = new Map();
  }

  hello(hello) {
    this.stream.write({ hello });
  }

  /** Says something and waits for its answer, again when it was refused for the moment only. Rejects when the stream ends first. */
  async say(kind, message) {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.ask(kind, message);
      if (!isRepeatable(answer.code)) return answer;
      await pause(attempt);
    }
  }

  answer(answer) {
    this.waiting.get(answer.number)?.resolve(answer);
    this.waiting.delete(answer.number);
  }

  /** The stream has ended; nothing more is answered by it. */
  end(error) {
    this.ended = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  ask(kind, message) {
    if (this.ended) return Promise.reject(this.ended);
    const number = String(++this.number);
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.stream.write({ number, [kind]: message });
    });
  }
}
