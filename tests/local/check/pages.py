"""A page for each finding."""

from __future__ import annotations

import base64
import io
from fractions import Fraction

import av
import numpy as np

HEAD = (
    "<!doctype html><meta charset=utf-8><title>t</title><body style='font:20px sans-serif;margin:40px'>"
    "<h1>A lesson about pages and their films</h1>"
)
MOVING = (
    "<b id=count></b><script>let n = 0; setInterval(() => count.textContent = 'moving '.repeat(n++ % 60), 100)</script>"
)
TONE = (
    "<script>const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();"
    "gain.gain.value = {gain}; tone.connect(gain).connect(audio.destination); tone.start()</script>"
)


def film(width: int, height: int) -> str:
    """Return a video of this size without sound, as a data URL."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5, options={"preset": "ultrafast", "crf": "51"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((height, width), 40 * index, np.uint8), "gray")
            frame.pts, frame.time_base = index, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return "data:video/mp4;base64," + base64.b64encode(file.getvalue()).decode()


def in_shadow(html: str) -> str:
    """Return a page that shows this in a closed shadow tree."""
    return f"{HEAD}<div id=room></div><script>room.attachShadow({{mode: 'closed'}}).innerHTML = `{html}`</script>"


def script(code: str) -> str:
    """Return a page with a script."""
    return f"{HEAD}<script>{code}</script>"


FILMS = {"{SMALL}": (320, 180), "{LARGE}": (2048, 1152), "{UPRIGHT}": (1080, 1920)}
"""What stands for a video of a size."""
PAGES = {
    "/good": HEAD + MOVING + "<script>notifyReady()</script>",
    "/plain": HEAD,
    "/empty": "<!doctype html><title>t</title>",
    "/large": in_shadow("<video muted autoplay loop width=320 src='{LARGE}'></video>"),
    "/upright": HEAD + "<video muted autoplay loop width=320 src='{UPRIGHT}'></video>",
    "/stream": HEAD + "<video id=v autoplay muted width=320></video><canvas id=k width=2560 height=1440></canvas>"
    "<script>const g = k.getContext('2d'); setInterval(() => g.fillRect(Math.random() * 999, 0, 99, 99), 100);"
    "v.srcObject = k.captureStream(10)</script>",
    "/click": HEAD + "<button>Start</button><video preload=auto src='{SMALL}'></video>",
    "/clickframe": HEAD + "<iframe src='{OTHER}/click' width=600 height=400></iframe>",
    "/join": HEAD + "<button>进入课堂</button>",
    "/muted": HEAD + "<video autoplay muted loop src='{SMALL}'></video>",
    "/novideo": HEAD + "<video autoplay src=/nothing.mp4></video>",
    "/webgl": script("document.body.innerHTML += '<canvas id=c width=900 height=500>'; c.getContext('webgl')"),
    "/glprobe": script("document.createElement('canvas').getContext('webgl');"
                       "new OffscreenCanvas(9, 9).getContext('webgl2')"),
    "/glworker": script("document.body.innerHTML += '<canvas id=c width=900 height=500>'; const off ="
                        "c.transferControlToOffscreen(); new Worker(URL.createObjectURL(new Blob(["
                        "'onmessage = (e) => e.data.getContext(\"webgl\").clear(16384)']))).postMessage(off, [off])"),
    "/camera": script("navigator.mediaDevices.getUserMedia({video: true}).catch(() => 0)"),
    "/screen": script("navigator.mediaDevices.getDisplayMedia({video: true}).catch(() => 0)"),
    "/drm": script("navigator.requestMediaKeySystemAccess('com.widevine.alpha', [{initDataTypes: ['cenc'],"
                   "videoCapabilities: [{contentType: 'video/mp4;codecs=\"avc1.42E01E\"'}]}]).catch(() => 0)"),
    "/speech": script("speechSynthesis.getVoices()"),
    "/login": HEAD + "<form><input name=u><input type=password><button>Sign in</button></form>",
    "/sso": HEAD + "<form><label>Work e-mail <input type=email></label><button>Continue</button></form>",
    "/corner": HEAD + "<p>Words of the lesson." * 60 + "<form><input type=password><button>Sign in</button></form>",
    "/alert": script("setTimeout(() => alert('token=abcdefghijkl'), 100)"),
    "/confirm": script("confirm('go?')"),
    "/popup": script("window.open('/plain?secret=abcdefghijkl')"),
    "/frame": HEAD + "<iframe width=600 height=400 src='{OTHER}/deny'></iframe>",
    "/deny": HEAD,
    "/socket": script("new WebSocket('ws://127.0.0.1:{CLOSED}/')"),
    "/reload": script("setTimeout(() => location.reload(), 500)"),
    "/wander": script("setTimeout(() => location.href = '/wander2', 200)"),
    "/wander2": script("setTimeout(() => location.href = '/plain', 200)"),
    "/error": script("undefinedFunction()"),
    "/rejection": "<!doctype html><body><script>Promise.reject(new Error('no room'))</script>",
    "/lost": HEAD + "<script src=/app.js></script>",
    "/nofont": "<style>@font-face {font-family: X; src: url(/x.woff2)} h1 {font-family: X}</style>" + HEAD,
    "/banner": HEAD + "<div style='position:fixed;inset:0;background:#0008'><div role=dialog style='margin:20%;"
    "background:#fff'>We use cookies <button>Accept</button></div></div>",
    "/tall": HEAD + "<p style='margin-top:3000px'>the rest of it",
    "/wide": HEAD + "<div style='width:3000px;height:9px;background:red'></div>",
    "/heavy": script("for (let n = 0; n < 4; n++) new Worker(URL.createObjectURL(new Blob(['for (;;);'])))"),
    "/spin": script("setTimeout(() => { for (;;); }, 300)"),
    "/letters": HEAD + "<p>中文课堂 \U0001f600",
    "/fullscreen": script("document.documentElement.requestFullscreen().catch(() => 0)"),
    "/elsewhere": script("setTimeout(() => location.href = '{OTHER}/plain', 200)"),
    "/refresh": "<meta http-equiv=refresh content='0;url={OTHER}/plain'>" + HEAD,
    "/mixed": HEAD + "<script src='http://no-such-host.invalid/a.js'></script>",
    "/restless": HEAD + MOVING + "<script>setTimeout(() => location.href = '/restless?' + Math.random(), 100)</script>",
    "/onward": HEAD + MOVING + "<script>setTimeout(() => location.href = '/hang', 200)</script>",
    "/lead": HEAD + MOVING + "<script>setTimeout(() => location.href = 'http://no-such-host.invalid/', 200)</script>",
    "/halfway": HEAD + "<script src=/hang></script>" + MOVING,
    "/nocontent": "",
    "/data": '{"message": "please sign in"}',
    "/old": "<!doctype html><h1>Your browser is not supported</h1><p>Please use the latest version of Edge or Firefox.",
    "/oldzh": "<!doctype html><h1>您的浏览器版本过低</h1><p>请更换浏览器后重试。",
    "/frame404": HEAD + MOVING + "<iframe src=/missing width=1000 height=400></iframe>",
    "/framehang": HEAD + MOVING + "<iframe src=/hang width=1000 height=400></iframe>",
    "/picture404": HEAD + MOVING + "<img src=/missing width=900 height=300>",
    "/forbidden": HEAD + MOVING + "<script src=/app.js></script>",
    "/sockethang": script("new WebSocket('ws://' + location.host + '/hang')"),
    "/often": HEAD + MOVING + "<video src='{SMALL}' muted></video><script>for (let n = 0; n < 99; n++) {"
    "speechSynthesis.getVoices(); document.createElement('canvas').getContext('webgl') }</script>",
    "/named": "<!doctype html><body><img name=body><img name=documentElement><img name=fonts>"
    "<img name=elementFromPoint><img name=querySelectorAll><form name=title><input name=innerText><input name=closest>"
    "<input type=password></form>",
    "/drawn": "<!doctype html><body style='margin:0'><canvas id=c width=1280 height=720></canvas><script>"
    "const g = c.getContext('2d'); let n = 0; setInterval(() => { g.fillStyle = `hsl(${n++ * 9} 70% 50%)`;"
    "g.fillRect(n % 9 * 100, 50, 200, 400) }, 50); undefinedFunction()</script>",
    "/effects": HEAD + MOVING + TONE.replace("{gain}", "0.3") + "<p>Click to start<audio src='{SMALL}'></audio>",
    "/auth/lesson": HEAD + MOVING,
    "/circle": HEAD + MOVING + "<script>const o = {}; o.o = o; notifyReady(o, 1n)</script>",
    "/toolate": HEAD + MOVING + "<script>setTimeout(() => notifyReady(), 1600)</script>",
    "/leaving": HEAD + MOVING + "<script>onbeforeunload = () => { notifyReady() }</script>",
    "/marks": HEAD + "<script>document.title = '”, sound up to 0 dB' + 'a' + '\\u0301'.repeat(99)</script>",
    "/tone": HEAD + MOVING + TONE.replace("{gain}", "0.3"),
    "/mute": HEAD + MOVING + TONE.replace("{gain}", "0"),
    "/hostile": script("document.title = '\\x1b[31m' + '\\u202e' + document.title; const saw = window.__checkSaw;"
                       "for (const said of ['', '[]', '{', '{\"kind\": 7}', '{\"kind\": \"size\", \"w\": {}}',"
                       "'{\"kind\": \"state\", \"media\": [7], \"audio\": {}, \"gl\": [{\"area\": \"x\"}]}',"
                       "'['.repeat(9e4)])"
                       "saw(said); Array.prototype.map = Array.prototype.slice = Object.keys = undefined;"
                       "for (let n = 0; n < 5e3; n++) saw('{\"kind\": \"device\", \"name\": \"' + n + '\"}');"
                       "throw new Error('\\x1b]0;x\\x07 http://a.cn/?ticket=abcdefghijkl')"),
}  # fmt: skip
ODD: dict[str, tuple[int, dict[str, str]]] = {
    "/missing": (404, {}),
    "/auth": (401, {"WWW-Authenticate": 'Basic realm="x"'}),
    "/zip": (200, {"Content-Type": "application/zip", "Content-Disposition": "attachment; filename=a.zip"}),
    "/away": (302, {"Location": "{OTHER}/plain"}),
    "/sso-away": (302, {"Location": "{OTHER}/login"}),
    "/nocontent": (204, {}),
    "/data": (200, {"Content-Type": "application/json"}),
    "/to-file": (302, {"Location": "file:///etc/hostname"}),
    "/to-app": (302, {"Location": "weixin://dl/business"}),
    "/forbidden": (200, {"Content-Security-Policy": "script-src 'none'"}),
    "/deny": (200, {"X-Frame-Options": "DENY"}),
    "/nothing.mp4": (404, {}),
    "/app.js": (404, {}),
    "/x.woff2": (404, {}),
}
EXPECTED: tuple[tuple[str, str, str], ...] = (
    ("http://127.0.0.1:{CLOSED}/", "unreachable", "fail"), ("http://no-such-host.invalid/", "unreachable", "fail"),
    ("/plain", "private_address", "fail"), ("/missing", "http_error", "fail"), ("/auth", "http_login", "fail"),
    ("{TLS}/plain", "certificate", "fail"), ("/zip", "not_a_page", "fail"), ("/away", "redirect", "warn"),
    ("/sso-away", "redirect", "fail"), ("/sso-away", "login_wall", "fail"), ("/elsewhere", "redirect", "warn"),
    ("/refresh", "redirect", "warn"), ("/login", "login_wall", "warn"), ("/sso", "login_wall", "warn"),
    ("/plain?expires=1600000000", "expiring", "warn"), ("{TLS}/mixed", "mixed_content", "warn"),
    ("/empty", "blank", "fail"), ("/large", "video_too_large", "fail"), ("/stream", "video_too_large", "fail"),
    ("/click", "waits_for_click", "warn"), ("/clickframe", "waits_for_click", "warn"),
    ("/join", "waits_for_click", "warn"), ("/novideo", "media_error", "warn"), ("/webgl", "webgl", "warn"),
    ("/glworker", "webgl", "warn"), ("/camera", "devices", "warn"), ("/screen", "devices", "warn"),
    ("/drm", "protected", "warn"), ("/plain", "still", "note"), ("/muted", "muted", "note"),
    ("/speech", "speech", "note"), ("/good#crash", "crash", "fail"), ("/spin", "crash", "fail"),
    ("/plain", "not_ready", "fail"), ("/alert", "dialog", "warn"), ("/confirm", "dialog", "warn"),
    ("/popup", "popup", "warn"), ("/frame", "frame_refused", "warn"), ("/socket", "connection", "warn"),
    ("/reload", "reloads", "warn"), ("/wander", "reloads", "warn"), ("/error", "script_error", "note"),
    ("/rejection", "script_error", "warn"), ("/lost", "resources", "warn"), ("/nofont", "resources", "note"),
    ("/banner", "overlay", "note"), ("/tall", "overflow", "warn"), ("/wide", "overflow", "note"),
    ("/letters", "fonts", "note"), ("/fullscreen", "fullscreen", "note"),
    ("/hostile", "script_error", "note"), ("/restless", "reloads", "warn"), ("/onward", "unreachable", "warn"),
    ("/lead", "unreachable", "fail"), ("/halfway", "unreachable", "fail"), ("/nocontent", "unreachable", "fail"),
    ("/to-file", "unreachable", "fail"), ("/to-app", "unreachable", "fail"), ("/data", "not_a_page", "warn"),
    ("/old", "other_browser", "warn"), ("/oldzh", "other_browser", "warn"), ("/frame404", "resources", "warn"),
    ("/framehang", "resources", "warn"), ("/picture404", "resources", "note"), ("/forbidden", "resources", "warn"),
    ("/forbidden", "script_error", "note"), ("/sockethang", "connection", "warn"), ("/often", "silent", "warn"),
    ("/named", "login_wall", "warn"), ("/drawn", "script_error", "note"), ("/toolate", "not_ready", "fail"),
    ("/leaving", "not_ready", "fail"),
)  # fmt: skip
ABSENT = (
    ("/good", "not_ready"), ("/good", "still"), ("/upright", "video_too_large"), ("/glprobe", "webgl"),
    ("/restless", "crash"), ("/restless", "unreachable"), ("/onward", "crash"),
    ("/named", "script_error"), ("/auth/lesson?课", "login_wall"),
    ("/circle", "script_error"), ("/circle", "not_ready"), ("/often", "webgl"),
    ("/corner", "login_wall"), ("/plain", "reloads"), ("/plain", "redirect"), ("/muted", "waits_for_click"),
)  # fmt: skip
"""Pages that look as if they had a fault, and have none."""
