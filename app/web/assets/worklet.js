// Samples of the microphone, as 16-bit integers, a quarter of a second at a time.
class Pcm extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Int16Array(Math.round(sampleRate / 4));
    this.filled = 0;
  }

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.samples[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(32768 * sample)));
      if (this.filled === this.samples.length) {
        this.port.postMessage(this.samples.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}
registerProcessor("pcm", Pcm);
