#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A live test event: three renditions of a test picture with the time of day burned in, and a tone in two languages.
# Installs what is missing, builds, starts and prints the URLs. Ends with Ctrl-C.
#   PORT=8081 HOST=0.0.0.0 PRESENTATION=show examples/live.sh
set -euo pipefail
cd "$(dirname "$0")/.."

tests/install.sh build run
if [[ ! -f build/build.ninja ]]; then
  tests/install.sh pages || echo "going on without npm: the player page will lack hls.js"
  output=$(meson setup build) || { echo "$output"; exit 1; }
fi
ninja -C build --quiet gst/libgstorigin.so

host=${HOST:-127.0.0.1} port=${PORT:-8080} presentation=${PRESENTATION:-live}
export GST_PLUGIN_PATH=$PWD/build/gst${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}

echo "player page  http://$host:$port/$presentation/"
echo "HLS          http://$host:$port/$presentation/index.m3u8"
echo "dashboard    http://$host:$port/"
encode="x264enc tune=zerolatency speed-preset=veryfast bitrate"
exec gst-launch-1.0 -q \
  originsink name=o host="$host" port="$port" presentation="$presentation" \
  videotestsrc is-live=true pattern=ball ! video/x-raw,width=1280,height=720,framerate=30/1 \
    ! clockoverlay time-format="%H:%M:%S" font-desc="Sans 36" ! timeoverlay valignment=bottom font-desc="Sans 24" \
    ! tee name=picture \
  picture. ! queue ! $encode=2500 ! o.video_0 \
  picture. ! queue ! videoscale ! video/x-raw,width=960,height=540 ! $encode=1000 ! o.video_1 \
  picture. ! queue ! videoscale ! video/x-raw,width=480,height=270 ! $encode=350 ! o.video_2 \
  audiotestsrc is-live=true wave=ticks ! avenc_aac ! taginject tags="language-code=en" ! o.audio_0 \
  audiotestsrc is-live=true wave=sine freq=440 volume=0.1 ! avenc_aac ! taginject tags="language-code=de" ! o.audio_1
