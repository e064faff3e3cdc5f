namespace AgentPlatform.Bench.Gateway;

/// <summary>nginx before the service: HTTP/2 without TLS on both sides. It looks at no token and counts nothing.</summary>
public static class NginxConfiguration
{
    /// <summary>
    /// It gives a call in progress a connection of its own; that many are kept. What it does after so many requests is switched off: it would cut off calls in progress.
    /// </summary>
    public static string Passing(PeerPlace place) => $$"""
        daemon off;
        worker_processes {{Environment.ProcessorCount}};
        pid {{place.Folder}}/nginx.pid;
        error_log stderr warn;
        events {
            worker_connections 2048;
        }
        http {
            access_log off;
            client_body_temp_path {{place.Folder}}/body;
            proxy_temp_path {{place.Folder}}/proxy;
            fastcgi_temp_path {{place.Folder}}/fastcgi;
            uwsgi_temp_path {{place.Folder}}/uwsgi;
            scgi_temp_path {{place.Folder}}/scgi;
            http2_max_concurrent_streams 1000;
            keepalive_requests 1000000000;
            upstream session {
                server 127.0.0.1:{{place.ServicePort}};
                keepalive 256;
                keepalive_requests 1000000000;
                keepalive_timeout 1h;
            }
            server {
                listen 127.0.0.1:{{place.Port}} http2 reuseport;
                location / {
                    grpc_pass grpc://session;
                }
            }
        }

        """;
}
