// SPDX-License-Identifier: LGPL-2.1-or-later
// Branches that feed an originsink, and what must come out of them again.

import {execFileSync} from 'node:child_process';

const kVideoEncoders = {
  h264: 'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30',
  h264b: 'x264enc bframes=2 b-adapt=false speed-preset=veryfast key-int-max=30 rc-lookahead=10',
  h264open: 'x264enc bframes=2 b-adapt=false speed-preset=veryfast ' +
      'key-int-max=30 option-string=open-gop=1:scenecut=0',
  openh264: 'openh264enc complexity=low gop-size=30',
  h265: 'x265enc speed-preset=ultrafast key-int-max=30',
  av1: 'av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist=30 threads=2',
  vp9: 'vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30',
};
const kAudioEncoders = {
  aac: 'avenc_aac',
  opus: 'opusenc',
  flac: 'flacenc',
  ac3: 'avenc_ac3',
  eac3: 'avenc_eac3',
};

export function hasElement(name) {
  try {
    execFileSync('gst-inspect-1.0', ['--exists', name]);
    return true;
  } catch {
    return false;
  }
}

export const encoderOf = (codec) => (kVideoEncoders[codec] ?? kAudioEncoders[codec]).split(' ')[0];

/** A clock-paced test picture with its running time burned in. */
export function liveVideo({codec = 'h264', width = 640, height = 360, rate = 30} = {}) {
  return `videotestsrc is-live=true ! video/x-raw,format=I420,width=${width},height=${height},framerate=${
             rate}/1 ! timeoverlay ! ` +
      `videoconvert ! ${kVideoEncoders[codec]} ! queue`;
}

export function liveAudio({codec = 'aac', frequency = 440, language} = {}) {
  const tags = language ? ` ! taginject tags=language-code=${language}` : '';
  return `audiotestsrc is-live=true freq=${
             frequency} volume=0.2 ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! ` +
      `${kAudioEncoders[codec]}${tags} ! queue`;
}

/** `frames` pictures as fast as they can be encoded, from `offset` seconds of running time on. */
export function videoFile({codec, frames, rate, width = 320, height = 180, offset = 0}) {
  return `videotestsrc num-buffers=${frames} timestamp-offset=${offset * 1e9} ! ` +
      `video/x-raw,format=I420,width=${width},height=${height},framerate=${rate}/1 ! videoconvert ! ` +
      `${kVideoEncoders[codec]} ! queue`;
}

/** Clips that follow on each other by their running times, on one pad. */
export function oneAfterTheOther(clips) {
  return `${clips.map((clip) => `${clip} ! all.`).join(' ')} concat name=all adjust-base=false ! queue`;
}

/** Stereo in `blocks` blocks of 20 ms each. */
export function audioFile({codec, blocks, rate = 48000, offset = 0}) {
  return `audiotestsrc num-buffers=${blocks} samplesperbuffer=${rate / 50} volume=0.2 ` +
      `timestamp-offset=${offset * 1e9} ! audio/x-raw,rate=${rate},channels=2 ! ` +
      `audioconvert ! ${kAudioEncoders[codec]} ! queue`;
}
