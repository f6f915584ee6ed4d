// The browser's microphone.

/// Calls send(Int16Array) four times a second, one call after the other, until `stop` of the result is called.
export async function record(send) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("this browser gives its microphone to https pages and to localhost alone");
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule("/worklet.js");
  const source = context.createMediaStreamSource(stream);
  const worklet = new AudioWorkletNode(context, "pcm", { numberOfOutputs: 0 });
  let ended = false;
  let sending = Promise.resolve();
  worklet.port.onmessage = ({ data }) => {
    sending = sending.then(() => (ended ? undefined : send(data)));
  };
  source.connect(worklet);
  return {
    rate: context.sampleRate,
    stop() {
      ended = true;
      stream.getTracks().forEach((track) => track.stop());
      context.close();
    },
  };
}
