"""A stand-in for the WeChat platform over real HTTP in both directions; it imports nothing of the rest of the project.

`python -m bot.simulator` reads SIM_HOST (127.0.0.1), SIM_PORT (8100), SIM_CALLBACK_URL (http://127.0.0.1:8000/wechat),
SIM_NAME, WECHAT_APP_ID, WECHAT_APP_SECRET, WECHAT_TOKEN, WECHAT_AES_KEY, WECHAT_MODE, WECHAT_ACCOUNT,
SIM_DINGTALK_SECRET and SIM_FEISHU_SECRET. In a test: `with serving(Simulator(Account(...))) as address` (bot.simulator.app).

Served paths: the page at `/`; the platform's API under its own paths (`/cgi-bin/...`, `/sns/...`); the staff robots
`/robot/wecom?key=`, `/robot/dingtalk?access_token=`, `/robot/feishu/<id>`; articles at `/s/<key>`; and the control API:

    GET  /sim/state                              account, clock, counts, knobs, rights, quotas, menu, jobs
    POST /sim/followers                          {"openid", "name", "following"} or {"count", "prefix", "windows"} -> openids
    GET  /sim/followers[/<openid>]               who they are, reply windows, tags
    POST /sim/followers/<openid>/follow          {} or {"scene": "expo"}
    POST /sim/followers/<openid>/unfollow
    POST /sim/followers/<openid>/scan            {"ticket"} or {"scene"}
    POST /sim/followers/<openid>/send            {"kind": "text", "text": "..."}; other kinds with nodes by the platform's names
    POST /sim/followers/<openid>/event           {"event": "CLICK", "EventKey": "..."}
    POST /sim/followers/<openid>/burst           {"messages": [...], "order": [1, 0]}: at once, started in this order
    POST /sim/followers/<openid>/flags           {"blocked", "blacklisted", "minor"}
    GET  /sim/followers/<openid>/chat?since=     what the follower sees
    GET  /sim/followers/<openid>/menu            the menu the follower sees
    POST /sim/push                               {"nodes": {...}}: a callback exactly as given; the same again is a repeat
    GET  /sim/staff?since=                       what staff see
    POST /sim/robots                             keys, secrets, keywords, a_minute (robots.Rules)
    GET  /sim/wire?since=&kind=&path=            every callback, API call and robot message
    GET  /sim/received?prefix=&openid=&twice=1   who received what how often: {"article:<url>": {openid: times}}
    GET/POST /sim/knobs                          tries, interval, duplicates, latency, mass_status, ... (knobs.Settings)
    POST /sim/faults, DELETE /sim/faults[/<id>]  {"kind": "error|slow|cut|refuse|http|garbage", "path", "code", "times", "skip", "chance"}
    POST /sim/steal-token                        every access token in use becomes void
    POST /sim/clock                              {"move": seconds} or {"now": ISO time} or {"reset": true}
    POST /sim/quota                              {"path", "limit", "used"}
    POST /sim/rights                             {"right": "menu", "allowed": true} (rights.MATRIX)
    POST /sim/check-url                          the GET check of the callback address, now
    POST /sim/settle                             waits until no job event is on its way
    POST /sim/drafts/<media_id>/send             staff send a draft to all on the website
    POST /sim/reset                              {}, {"keep_knobs": true} or {"people": true} (followers and chats only)

Acting as a follower answers `{"answered", "reply", "tries", "duration", "problems", "statuses", "copies"}`; with
`"wait": false` in the request it answers at once. Every answer has `"ok"`; lists come under `"items"`.
"""
