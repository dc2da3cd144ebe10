def test_an_author_writes_an_entry(client):
    account = {"name": "ada", "password": "secret"}
    client.post("/auth/register", data=account)
    client.post("/auth/login", data=account)
    client.post("/create", data={"title": "First", "text": "Hello"})
    assert b"First" in client.get("/").data
