# SPDX-License-Identifier: LGPL-2.1-or-later
# Varnish between viewers and origin-server: a cache in memory, and one request to the origin for all who ask for the
# same, also while the answer is still coming. TLS is hitch's business (hitch.conf), which tells whom it speaks for with
# the PROXY protocol:
#
#   varnishd -f "$PWD/varnish.vcl" -a 127.0.0.1:8442,PROXY -p feature=+http2 -s malloc,4G
#
# The origin's listener for playing is 127.0.0.1:8081 (origin-server --play-host=127.0.0.1).
vcl 4.1;

backend origin {
  .host = "127.0.0.1";
  .port = "8081";
  .connect_timeout = 5s;
  # The origin holds requests for three target durations, and a first multivariant playlist for six segments.
  .first_byte_timeout = 75s;
  .between_bytes_timeout = 75s;
}

sub vcl_recv {
  # By this the origin tells viewers apart. What they say of it themselves does not count.
  set req.http.X-Forwarded-For = client.ip;
  # A viewer's own key would fill the cache for all, and what has a key or a cookie is neither kept nor collapsed.
  unset req.http.Authorization;
  unset req.http.Cookie;
  # Without parts, there are seconds between a viewer's requests: the default of 5 s would end connections in between.
  set sess.timeout_idle = 60s;
}

# Host, path and query are the key as it is, so each _HLS_msn and _HLS_part is an answer of its own. Varnish asks for gzip
# always and unpacks it for who does not take it.

sub vcl_backend_fetch {
  # The key of this edge, if the origin has keys.
  #set bereq.http.Authorization = "Bearer KEY";
}

sub vcl_backend_response {
  # An answer counts as long as the origin says, errors included, and no longer: a live playlist of ten seconds ago, which
  # is the default, helps nobody.
  set beresp.grace = 0s;
  if (!beresp.http.Cache-Control) {
    set beresp.ttl = 0s;
  }
  # What is still growing is passed on as it comes. This is the default, and what low latency needs.
  set beresp.do_stream = true;
}
