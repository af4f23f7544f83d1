wrk.method = "POST"
wrk.headers["Content-Type"] = "text/xml"
wrk.body = string.rep("<xml>hello</xml>", 40)
